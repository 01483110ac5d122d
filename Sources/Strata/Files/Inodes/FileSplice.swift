import Catalog
import ContentStore

/// Makes the new content of a file out of the old one and new bytes, without reading what stays as it is: chunks that the change
/// does not touch are taken over by their numbers.
///
/// Contents are immutable, so that a change makes a new one. It costs the new bytes, at most two chunks at each end of them, and
/// a number for each chunk of the file: a file that grows by appends is not read again, but its list of chunks is written each
/// time. The last chunk is always cut anew, so that many small appends do not leave many small chunks.
struct FileSplice {
    /// The content that is changed; nil for an empty file.
    let base: ValueID?
    let oldSizeBytes: Int64
    /// Where the new bytes begin; a hole of zeros comes before them where that lies beyond the end.
    let start: Int64
    let newSizeBytesOfData: Int64
    /// Where the old content goes on behind the new bytes; its size when it does not.
    let resume: Int64

    var sizeBytes: Int64 { start + newSizeBytesOfData + max(0, oldSizeBytes - resume) }

    /// Chunks of the old content that stay before and behind the change, and what lies between them.
    struct Plan {
        var before: [ChunkListEntry] = []
        var behind: [ChunkListEntry] = []
        /// The bytes of the old content that are written anew, with the new ones between them.
        var head: Range<Int64>
        var zeroBytes: Int64
        var tail: Range<Int64>
    }

    func plan(_ entries: [ChunkListEntry]) -> Plan {
        var plan = Plan(head: 0..<min(start, oldSizeBytes), zeroBytes: max(0, start - oldSizeBytes), tail: oldSizeBytes..<oldSizeBytes)
        if resume < oldSizeBytes { plan.tail = resume..<oldSizeBytes }
        var offset: Int64 = 0
        for (number, entry) in entries.enumerated() {
            let end = offset + Int64(entry.rawBytes)
            if end <= start, number < entries.count - 1 {
                plan.before.append(entry)
                plan.head = end..<plan.head.upperBound
            } else if offset >= resume {
                if plan.behind.isEmpty { plan.tail = resume..<offset }
                plan.behind.append(entry)
            }
            offset = end
        }
        return plan
    }
}
