/// Reads a file's bytes by absolute offset; whatever lies outside reads as nil, never as memory.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { self.bytes.count }

    func byte(_ offset: Int) -> UInt8? {
        guard offset >= 0, offset < self.bytes.count else { return nil }
        return self.bytes[offset]
    }

    func bigEndian16(_ offset: Int) -> Int? { self.bigEndian(offset, 2) }
    func bigEndian32(_ offset: Int) -> Int? { self.bigEndian(offset, 4) }

    func littleEndian16(_ offset: Int) -> Int? { self.littleEndian(offset, 2) }
    func littleEndian24(_ offset: Int) -> Int? { self.littleEndian(offset, 3) }
    func littleEndian32(_ offset: Int) -> Int? { self.littleEndian(offset, 4) }

    /// Four characters, as chunks and boxes are named.
    func name(_ offset: Int) -> String? {
        self.slice(offset, 4).map { String(decoding: $0, as: UTF8.self) }
    }

    func slice(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, count >= 0, offset <= self.bytes.count, count <= self.bytes.count - offset else {
            return nil
        }
        return UnsafeRawBufferPointer(rebasing: self.bytes[offset..<offset + count])
    }

    private func bigEndian(_ offset: Int, _ count: Int) -> Int? {
        self.slice(offset, count)?.reduce(0) { $0 << 8 | Int($1) }
    }

    private func littleEndian(_ offset: Int, _ count: Int) -> Int? {
        self.slice(offset, count)?.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
