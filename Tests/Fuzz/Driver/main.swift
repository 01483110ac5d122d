import Foundation
import FuzzTargets

/// The driver of libFuzzer, which is linked in place of nothing of ours: `tools/fuzz` builds this with its instrumentation.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let target: FuzzTarget = {
    let name = getenv("STRATA_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let known = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        try? FileHandle.standardError.write(contentsOf: Data("fuzz: STRATA_FUZZ_TARGET names no target: `\(name)`; choose one of \(known)\n".utf8))
        exit(64)
    }
    return target
}()

private func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

_ = target
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(runDriver(&count, &arguments) { bytes, count in testOneInput(bytes, count) })
