import Testing

@testable import ContentStore

@Suite struct LocalDiskTests {
    private let folder: TemporaryFolder
    private let disk = LocalDisk()

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    @Test func bytesLieWhereTheyWereWritten() throws {
        let file = try disk.open(path("f"), .create)
        try [UInt8]([1, 2, 3]).withUnsafeBytes { try file.write($0, at: 5) }
        try file.sync()
        #expect(try FileBytes.read(path("f")) == [0, 0, 0, 0, 0, 1, 2, 3])
        var buffer = [UInt8](repeating: 9, count: 10)
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 6) } == 2, "fewer only at the end")
        #expect(buffer[..<3] == [2, 3, 9])
        #expect(try file.status().sizeBytes == 8)
        #expect { try buffer.withUnsafeMutableBytes { try file.readExactly(into: $0, at: 6, path: "x") } } throws: {
            ($0 as? ContentError)?.code == .corrupted
        }
    }

    @Test func modesAreKept() throws {
        #expect { try disk.open(path("none"), .read) } throws: { ($0 as? ContentError)?.code == .notFound }
        _ = try disk.open(path("a"), .create)
        #expect { try disk.open(path("a"), .create) } throws: { ($0 as? ContentError)?.errno == 17 }
        _ = try disk.open(path("b"), .readWrite)
        #expect(Set(try disk.list(folder.path)) == ["a", "b"])
    }

    @Test func whatIsGoneAlreadyIsNoError() throws {
        try disk.remove(path("none"))
        try disk.removeDirectory(path("none"))
        try disk.createDirectory(path("d"))
        try disk.createDirectory(path("d"))
        #expect(try disk.status(path("none")) == nil)
        #expect(try disk.status(path("d"))?.isDirectory == true)
        try disk.syncDirectory(folder.path)
    }

    @Test func errorsNameTheOperationThePathAndTheReason() throws {
        #expect { try disk.list(path("none")) } throws: { error in
            let error = error as? ContentError
            return error?.code == .notFound && error?.path == path("none")
                && error!.message.contains("cannot list `\(path("none"))`: No such file")
        }
    }

    @Test func aLockIsHeldByOneOpenFileAtATime() throws {
        var first: (any DiskFile)? = try disk.open(path("lock"), .readWrite)
        let second = try disk.open(path("lock"), .read)
        #expect(try first!.tryLock())
        #expect(try !second.tryLock())
        #expect(try first!.tryLock(), "whoever has it may take it again")
        first = nil
        #expect(try second.tryLock())
    }

    /// Marks are seen by other open files, by whichever of them the lowest was made, and go with the file.
    @Test func theLowestMarkOfOthersIsSeenUntilTheirFileIsClosed() throws {
        _ = try disk.open(path("f"), .create)
        let looker = try disk.open(path("f"), .read)
        #expect(try looker.lowestMark() == nil)
        var markers: [any DiskFile] = []
        for number: Int64 in [900, 7, 1 << 40, 7, 0, 30] {
            markers.append(try disk.open(path("f"), .read))
            try markers.last!.mark(number)
        }
        #expect(try looker.lowestMark() == 0)
        #expect(try looker.lowestMark() == 0, "looking changes nothing")
        markers.remove(at: 4)
        #expect(try looker.lowestMark() == 7)
        markers.remove(at: 1)
        #expect(try looker.lowestMark() == 7, "marked twice")
        markers.remove(at: 2)
        #expect(try looker.lowestMark() == 30)
        markers = [markers[1]]
        #expect(try looker.lowestMark() == 1 << 40)
        markers = []
        #expect(try looker.lowestMark() == nil)
    }
}
