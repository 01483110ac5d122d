import Testing

@testable import ContentStore

@Suite struct StagingTests {
    private let temporary: TemporaryFolder
    private let folder: StagingFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = StagingFolder(path: temporary.path, disk: LocalDisk())
    }

    private func session(_ disk: any StoreDisk = LocalDisk()) throws -> StagingSession {
        try StagingSession(stagingFolder: temporary.path, disk: disk)
    }

    /// A session whose process died: its files are there, its lock is not.
    private func deadSession(packs: [String] = []) throws -> String {
        let session = try session()
        for pack in packs { try FileBytes.write([1], to: "\(temporary.path)/\(session.token)/\(pack)") }
        return session.token
    }

    @Test func aLiveSessionIsNotTakenForDead() throws {
        let live = try session()
        #expect(try folder.deadSessions().isEmpty)
        withExtendedLifetime(live) {}
    }

    @Test func aDeadSessionIsFoundByItsLockAndSweptWithItsPacks() throws {
        let token = try deadSession(packs: ["0.pack", "1.pack"])
        let live = try session()
        let dead = try folder.deadSessions()
        #expect(dead.map(\.token) == [token])
        #expect(dead.first.map { Set($0.stagedPacks) } == ["\(temporary.path)/\(token)/0.pack", "\(temporary.path)/\(token)/1.pack"])
        #expect(try folder.deadSessions().isEmpty, "a sweeper holds the lock: another finds nothing")
        for session in dead { try folder.remove(session) }
        #expect(try LocalDisk().list(temporary.path) == [live.token])
    }

    @Test func aFolderWithoutALockIsSwept() throws {
        let token = String(repeating: "a", count: 32)
        _ = try temporary.makeFolder(token)
        let dead = try folder.deadSessions()
        #expect(dead.map(\.token) == [token])
        for session in dead { try folder.remove(session) }
        #expect(try LocalDisk().list(temporary.path).isEmpty)
    }

    @Test func strangersAreLeftAlone() throws {
        _ = try temporary.makeFolder("lost+found")
        try FileBytes.write([1], to: temporary.path + "/note")
        try FileBytes.write([1], to: temporary.path + "/" + String(repeating: "A", count: 32))
        #expect(try folder.deadSessions().isEmpty)
        #expect(try folder.lowestHorizon() == .max)
        #expect(try LocalDisk().list(temporary.path).count == 3)
    }

    @Test func closingRemovesTheFolderButNotPacksWhoseFateIsOpen() throws {
        let first = try session()
        try first.close()
        #expect(try LocalDisk().list(temporary.path).isEmpty)
        try closeWithAPack()
        #expect(try folder.deadSessions().map(\.stagedPacks.count) == [1])
    }

    private func closeWithAPack() throws {
        let session = try session()
        try FileBytes.write([1], to: session.nextPackPath())
        try session.close()
        #expect(try folder.deadSessions().isEmpty, "the lock goes with the object")
    }

    @Test func theLowestHorizonOfAllLiveSessionsCounts() throws {
        #expect(try folder.lowestHorizon() == .max)
        let (first, second) = (try session(), try session())
        #expect(try folder.lowestHorizon() == .max)
        try first.begin(sequence: 9)
        try second.begin(sequence: 5)
        try first.begin(sequence: 7)
        #expect(try folder.lowestHorizon() == 5)
        second.end(sequence: 5)
        #expect(try folder.lowestHorizon() == 7)
        try first.begin(sequence: 7)
        first.end(sequence: 7)
        #expect(try folder.lowestHorizon() == 7, "begun twice")
        first.end(sequence: 7)
        #expect(try folder.lowestHorizon() == 9)
        first.end(sequence: 9)
        #expect(try folder.lowestHorizon() == .max)
    }

    @Test func deadSessionsHaveNoHorizon() throws {
        try beginAndDie()
        #expect(try folder.lowestHorizon() == .max)
        #expect(try folder.deadSessions().count == 1)
    }

    private func beginAndDie() throws { try session().begin(sequence: 3) }

    /// It may have begun at any moment: nothing may go.
    @Test func aLockedSessionThatHasNotWrittenItsHorizonHoldsEverything() throws {
        let token = String(repeating: "b", count: 32)
        let lock = try LocalDisk().open(try temporary.makeFolder(token) + "/lock", .readWrite)
        #expect(try lock.tryLock())
        #expect(try folder.lowestHorizon() == 0)
    }

    @Test func lookingAtHorizonsCreatesNothing() throws {
        _ = try temporary.makeFolder(String(repeating: "c", count: 32))
        #expect(try folder.lowestHorizon() == .max)
        #expect(temporary.files().isEmpty)
    }

    /// The file must say the horizon before `begin` returns, and the last change must win, whatever the order of threads.
    @Test func horizonsOfManyThreadsReachTheFile() async throws {
        let session = try session()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask(executorPreference: WorkerExecutor.shared) {
                    for round in 0..<150 {
                        let sequence = Int64(worker * 1000 + round + 1)
                        do {
                            try session.begin(sequence: sequence)
                            #expect(try self.folder.lowestHorizon() <= sequence)
                            session.end(sequence: sequence)
                        } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
        }
        #expect(try folder.lowestHorizon() == .max)
    }

    @Test func aHorizonThatCannotBeWrittenDidNotBegin() throws {
        let disk = FaultyDisk()
        let session = try session(disk)
        try session.begin(sequence: 20)
        disk.fail(after: 0, mode: .transient)
        #expect(throws: ContentError.self) { try session.begin(sequence: 10) }
        session.end(sequence: 20)
        #expect(try folder.lowestHorizon() == .max)
        try session.begin(sequence: 4)
        disk.fail(after: 0, mode: .transient)
        session.end(sequence: 4)
        // The write that failed left something, which the next change mends.
        try session.begin(sequence: 6)
        #expect(try folder.lowestHorizon() == 6)
    }

    @Test func openingASessionMayFailAtEveryOperation() throws {
        for failing in 0... {
            let disk = FaultyDisk()
            disk.fail(after: failing, mode: .transient)
            do {
                try session(disk).close()
            } catch {
                #expect((error as? ContentError)?.code == .noSpace)
            }
            for dead in try folder.deadSessions() { try folder.remove(dead) }
            #expect(try LocalDisk().list(temporary.path).isEmpty, "operation \(failing)")
            if !disk.hasFired { break }
        }
    }
}

/// A newborn session and a sweeper meet: the newborn gets a folder of its own, and nobody an error.
@Suite struct StagingRaceTests {
    @Test func sweepersAndNewbornsInTheSameFolder() async throws {
        let temporary = try TemporaryFolder()
        let folder = StagingFolder(path: temporary.path, disk: LocalDisk())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask(executorPreference: WorkerExecutor.shared) {
                    for sequence in Int64(1)...120 {
                        let session = try StagingSession(stagingFolder: temporary.path, disk: LocalDisk())
                        try session.begin(sequence: sequence)
                        #expect(try folder.lowestHorizon() <= sequence)
                        let lock = try LocalDisk().status(temporary.path + "/" + session.token + "/lock")
                        #expect(lock != nil, "a live session keeps its lock file")
                        session.end(sequence: sequence)
                        try session.close()
                    }
                }
                group.addTask(executorPreference: WorkerExecutor.shared) {
                    for _ in 0..<300 { for dead in try folder.deadSessions() { try folder.remove(dead) } }
                }
            }
            try await group.waitForAll()
        }
        for dead in try folder.deadSessions() { try folder.remove(dead) }
        #expect(try LocalDisk().list(temporary.path).isEmpty)
    }

    /// Each step of a birth with a sweep in between.
    @Test func aSweepAtEachStepOfABirthLeavesAWorkingSession() throws {
        let temporary = try TemporaryFolder()
        for step in 0..<5 {
            let disk = SweepingDisk(folder: StagingFolder(path: temporary.path, disk: LocalDisk()), step: step)
            let session = try StagingSession(stagingFolder: temporary.path, disk: disk)
            try session.begin(sequence: 3)
            let folder = StagingFolder(path: temporary.path, disk: LocalDisk())
            #expect(try folder.lowestHorizon() == 3, "step \(step)")
            #expect(try folder.deadSessions().allSatisfy { $0.token != session.token }, "step \(step)")
            try session.close()
        }
        let folder = StagingFolder(path: temporary.path, disk: LocalDisk())
        for dead in try folder.deadSessions() { try folder.remove(dead) }
        #expect(try LocalDisk().list(temporary.path).isEmpty)
    }
}
