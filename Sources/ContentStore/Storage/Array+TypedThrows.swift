extension [UInt8] {
    /// `withUnsafeBytes` that keeps the error's type.
    func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws(ContentError) -> T) throws(ContentError) -> T {
        let result = withUnsafeBytes { buffer in
            Result { () throws(ContentError) in try body(buffer) }
        }
        return try result.get()
    }

    /// `withUnsafeMutableBytes` that keeps the error's type.
    mutating func withMutableBytes<T>(
        _ body: (UnsafeMutableRawBufferPointer) throws(ContentError) -> T
    ) throws(ContentError) -> T {
        let result = withUnsafeMutableBytes { buffer in
            Result { () throws(ContentError) in try body(buffer) }
        }
        return try result.get()
    }
}
