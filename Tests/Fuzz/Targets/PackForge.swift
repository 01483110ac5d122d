import CKernels
import ContentStore

/// Builds packs by FORMAT.md alone, so that an input gets past checksums and digests to what stands behind them.
package enum PackForge {
    static let headerBytes = 64

    package static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
        Array(bytes).withUnsafeBytes { ck_crc32c(0, $0.baseAddress, $0.count) }
    }

    static func header() -> [UInt8] {
        var bytes = Array("STRATAPK".utf8) + little(UInt32(1)) + little(UInt32(64)) + [UInt8](repeating: 7, count: 16)
        bytes += [UInt8](repeating: 0, count: 60 - bytes.count)
        return bytes + little(checksum(bytes))
    }

    /// A pack with this body between header and directory, and its name.
    static func sealed(
        body: [UInt8], directory: [UInt8], chunks: UInt32, bases: UInt32, records: UInt32
    ) -> (bytes: [UInt8], name: Digest) {
        let header = header()
        let name = Digest(of: header + directory)
        var footer = Array("STRATAIX".utf8) + little(UInt32(1)) + little(UInt32(128))
        footer += little(Int64(header.count + body.count)) + little(Int64(directory.count))
        footer += little(chunks) + little(bases) + little(records) + little(UInt32(0)) + little(Int64(body.count)) + name.bytes
        footer += [UInt8](repeating: 0, count: 124 - footer.count)
        return (header + body + directory + footer + little(checksum(footer)), name)
    }

    /// Gives every record head in `bytes` the checksum that it should have.
    static func withRightHeads(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let magic = Array("CHNK".utf8)
        var place = 0
        while place + 56 <= bytes.count {
            guard bytes[place..<place + 4].elementsEqual(magic) else {
                place += 1
                continue
            }
            // A difference's checksum covers the digest of its base, which stands behind the head.
            let end = bytes[place + 4] == 3 ? min(place + 88, bytes.count) : place + 56
            let covered = Array(bytes[place..<place + 52]) + Array(bytes[place + 56..<end])
            bytes.replaceSubrange(place + 52..<place + 56, with: little(checksum(covered)))
            place += 56
        }
        return bytes
    }

    static func little(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
}
