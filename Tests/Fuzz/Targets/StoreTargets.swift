import ContentStore
import Foundation
import Strata

/// What stands in a store's folder, whoever put it there.
enum StoreTargets {
    /// The first byte chooses what is done with the store.
    static func catalog(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let choice = reader.next(UInt8.self)
        do {
            let path = try FuzzStore.shared.copy()
            try FuzzStore.shared.catalogChanges.apply(&reader, to: path + "/catalog.sqlite")
            try runBlocking {
                switch choice % 8 {
                case 0: await StoreUse.reading(path, .readOnly)
                case 1: await StoreUse.reading(path, .readWrite)
                case 2, 3: await StoreUse.verifying(path)
                case 4: await StoreUse.repair(path, dryRun: true)
                case 5: await StoreUse.repair(path, dryRun: false)
                case 6: await StoreUse.writing(path)
                default: await StoreUse.deleting(path)
                }
            }
        } catch {
            preconditionFailure("the target itself failed: \(error)")
        }
    }

    private static let token = String(repeating: "0", count: 32)

    static func files(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let choice = reader.next(UInt8.self)
        let names = ["format", "verification", "staging/\(token)/lock", "staging/\(token)/0.pack", "repair/plan", "catalog.copy.sqlite", "catalog.sqlite", "format.new"]
        let name = names[Int(choice) % names.count]
        do {
            let path = try FuzzStore.shared.copy()
            let file = URL(fileURLWithPath: path + "/" + name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(reader.rest).write(to: file)
            if name == "format.new" { try FileManager.default.removeItem(atPath: path + "/format") }
            try runBlocking {
                if choice & 64 == 0 { await StoreUse.verifying(path) }
                await StoreUse.repair(path, dryRun: false)
                await StoreUse.reading(path, .readWrite)
            }
        } catch {
            preconditionFailure("the target itself failed: \(error)")
        }
    }

    /// A store whose catalog is lost, and a pack whose commit record is the input.
    static func commitRecord(_ input: UnsafeRawBufferPointer) {
        let metadata = Array(input.prefix { $0 != 0 })
        let values = Array(input.dropFirst(metadata.count + 1))
        let record = PackForge.little(UInt32(metadata.count)) + metadata + values
        let pack = PackForge.sealed(body: [], directory: record, chunks: 0, bases: 0, records: 1)
        do {
            let path = try FuzzStore.shared.copy()
            for name in ["catalog.sqlite", "catalog.copy.sqlite"] { try? FileManager.default.removeItem(atPath: path + "/" + name) }
            let folder = path + "/packs/" + pack.name.hex.prefix(2)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(pack.bytes).write(to: URL(fileURLWithPath: "\(folder)/\(pack.name.hex).pack"))
            try runBlocking {
                await StoreUse.repair(path, dryRun: false)
                await StoreUse.reading(path, .readOnly)
            }
        } catch {
            preconditionFailure("the target itself failed: \(error)")
        }
    }
}
