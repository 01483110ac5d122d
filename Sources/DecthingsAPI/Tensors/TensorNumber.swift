/// A Swift number that is an element of a tensor.
public protocol TensorNumber: Sendable {
    associatedtype Bits: FixedWidthInteger & Sendable
    static var elementType: ElementType { get }
    /// The element as an integer of the same size.
    var tensorBits: Bits { get }
    init(tensorBits: Bits)
}

extension TensorNumber where Self: FixedWidthInteger {
    public var tensorBits: Self { self }
    public init(tensorBits: Self) { self = tensorBits }
}

extension Int8: TensorNumber { public static var elementType: ElementType { .i8 } }
extension Int16: TensorNumber { public static var elementType: ElementType { .i16 } }
extension Int32: TensorNumber { public static var elementType: ElementType { .i32 } }
extension Int64: TensorNumber { public static var elementType: ElementType { .i64 } }
extension UInt8: TensorNumber { public static var elementType: ElementType { .u8 } }
extension UInt16: TensorNumber { public static var elementType: ElementType { .u16 } }
extension UInt32: TensorNumber { public static var elementType: ElementType { .u32 } }
extension UInt64: TensorNumber { public static var elementType: ElementType { .u64 } }

extension Float: TensorNumber {
    public static var elementType: ElementType { .f32 }
    public var tensorBits: UInt32 { bitPattern }
    public init(tensorBits: UInt32) { self.init(bitPattern: tensorBits) }
}

extension Double: TensorNumber {
    public static var elementType: ElementType { .f64 }
    public var tensorBits: UInt64 { bitPattern }
    public init(tensorBits: UInt64) { self.init(bitPattern: tensorBits) }
}
