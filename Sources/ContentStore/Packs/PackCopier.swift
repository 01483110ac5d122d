/// Copies a sealed pack to a new file, or only reads it, and holds every byte against what covers it: records against
/// their checksums, header and directory against the pack's name, the footer against its checksum.
public struct PackCopier: Sendable {
    /// What is read and written at once; a single chunk may be larger.
    static let windowBytes = 4 << 20

    private let name: PackName
    private let path: String
    private let disk: any StoreDisk

    /// - Parameter path: where the pack lies.
    public init(_ name: PackName, at path: String, disk: any StoreDisk) { (self.name, self.path, self.disk) = (name, path, disk) }

    /// What is wrong with the pack that is read, as opposed to the file that is written.
    private struct Problem: Error {
        let error: ContentError
    }

    /// Reads the pack and writes what it reads. Blocks: call it on a worker.
    ///
    /// - Parameters:
    ///   - target: path and disk of the new file, which is durable when this returns nil and may hold a part otherwise; nil
    ///     only checks.
    ///   - advanced: called after each piece with its bytes; what it throws ends the copy.
    /// - Returns: what is wrong with the pack; nil when nothing is.
    /// - Throws: what concerns the target, or says nothing about the pack, such as too many open files.
    /// - Complexity: one pass over the pack, one fdatasync; memory of its directory and about 4 MiB, or its largest chunk.
    public func copy(
        to target: (path: String, disk: any StoreDisk)?, advanced: (_ bytes: Int) throws -> Void
    ) throws -> ContentError? {
        do {
            let pack = try reading { () throws(ContentError) in try whole(at: path, disk) }
            let source = try reading { () throws(ContentError) in try disk.open(path, .read) }
            let file = try target.map { try $0.disk.open($0.path, .create) }
            for window in try reading({ () throws(ContentError) in try windows(of: pack) }) {
                let bytes = try reading { () throws(ContentError) in try read(window, from: source) }
                if let file { try bytes.withBytes { raw throws(ContentError) in try file.write(raw, at: window.range.lowerBound) } }
                try advanced(bytes.count)
            }
            try file?.sync()
            // Header, directory and footer are checked where they were written.
            if let target { try checkCopy(of: pack, at: target.path, target.disk) }
            return nil
        } catch let problem as Problem {
            return problem.error
        }
    }

    private func reading<T>(_ body: () throws(ContentError) -> T) throws -> T {
        do {
            return try body()
        } catch {
            guard error.code != .tooManyOpenFiles else { throw error }
            throw Problem(error: error)
        }
    }

    private func whole(at path: String, _ disk: any StoreDisk) throws(ContentError) -> PackReader {
        let pack = try PackReader(path: path, disk: disk)
        guard pack.name == name else {
            throw ContentError(.corrupted, "the file of pack \(name) holds another one: \(pack.name)", path: path)
        }
        return pack
    }

    private func checkCopy(of pack: PackReader, at path: String, _ disk: any StoreDisk) throws {
        let copy = try reading { () throws(ContentError) in try whole(at: path, disk) }
        guard copy.sizeBytes == pack.sizeBytes, copy.chunks == pack.chunks else {
            throw Problem(error: ContentError(.corrupted, "pack \(name) changed while it was read", path: self.path))
        }
    }

    /// A piece of the file, and the records that lie in it.
    private struct Window {
        var range: Range<Int64>
        var chunks: [PackedChunk] = []
    }

    /// The whole file in pieces that end where a record ends.
    private func windows(of pack: PackReader) throws(ContentError) -> [Window] {
        var windows = [Window(range: 0..<Int64(PackFormat.headerSizeBytes))]
        for chunk in pack.chunks {
            let start = chunk.offset - Int64(chunk.recordHead().count)
            guard start == windows.last!.range.upperBound else {
                throw ContentError(.corrupted, "the records of pack \(name) do not lie one behind the other", path: path)
            }
            let end = chunk.offset + Int64(chunk.storedBytes)
            if windows.last!.chunks.isEmpty || windows.last!.range.count + Int(end - start) > Self.windowBytes {
                windows.append(Window(range: start..<end, chunks: [chunk]))
            } else {
                windows[windows.count - 1].range = windows.last!.range.lowerBound..<end
                windows[windows.count - 1].chunks.append(chunk)
            }
        }
        var start = windows.last!.range.upperBound
        while start < pack.sizeBytes {
            let end = min(start + Int64(Self.windowBytes), pack.sizeBytes)
            windows.append(Window(range: start..<end))
            start = end
        }
        return windows
    }

    private func read(_ window: Window, from file: any DiskFile) throws(ContentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: window.range.count)
        let path = path
        try bytes.withMutableBytes { buffer throws(ContentError) in
            try file.readExactly(into: buffer, at: window.range.lowerBound, path: path)
        }
        for chunk in window.chunks {
            let payloadAt = Int(chunk.offset - window.range.lowerBound)
            let head = chunk.recordHead()
            let isSound = bytes[(payloadAt - head.count)..<payloadAt].elementsEqual(head) && bytes.withUnsafeBytes { raw in
                PackFormat.checksum(UnsafeRawBufferPointer(rebasing: raw[payloadAt..<payloadAt + chunk.storedBytes])) == chunk.checksum
            }
            guard isSound else {
                throw ContentError(
                    .corrupted, "the stored bytes of chunk \(chunk.digest) do not match their checksum", path: path, digest: chunk.digest)
            }
        }
        return bytes
    }
}
