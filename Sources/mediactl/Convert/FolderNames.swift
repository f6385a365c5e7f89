import Glibc

/// The names of the files in one folder, the only thing of which a conversion holds all: in one piece of memory, since
/// a folder may have a million. In the order of their stems, so that those with one stem stand together.
struct FolderNames {
    private struct Entry {
        let offset: Int
        let count: UInt16
        /// Of the stem.
        let stem: UInt16
        let root: UInt32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    var count: Int { self.entries.count }

    /// - Parameters:
    ///   - name: at most 65535 bytes; Linux has 255.
    ///   - root: what it was found in.
    mutating func add(_ name: some Collection<UInt8>, root: Int) {
        let offset = self.bytes.count
        self.bytes.append(contentsOf: name)
        let count = self.bytes.count - offset
        let dot = self.bytes[offset...].lastIndex(of: UInt8(ascii: "."))
        // A dot at the start is part of the name.
        let stem = dot.map { $0 > offset ? $0 - offset : count } ?? count
        self.entries.append(Entry(offset: offset, count: UInt16(count), stem: UInt16(stem), root: UInt32(root)))
    }

    mutating func sort() {
        self.bytes.withUnsafeBytes { bytes in
            self.entries.sort { left, right in
                let stems = Self.compare(bytes, (left.offset, Int(left.stem)), (right.offset, Int(right.stem)))
                if stems != 0 { return stems < 0 }
                let names = Self.compare(bytes, (left.offset, Int(left.count)), (right.offset, Int(right.count)))
                return names == 0 ? left.root < right.root : names < 0
            }
        }
    }

    /// The positions of all that have the stem of the one at `start`, which is the first of them.
    func group(at start: Int) -> Range<Int> {
        let stem = self.stemBytes(start)
        var end = start + 1
        while end < self.count, self.stemBytes(end).elementsEqual(stem) { end += 1 }
        return start..<end
    }

    func root(_ index: Int) -> Int { Int(self.entries[index].root) }

    /// Nil where it is no UTF-8.
    func name(_ index: Int) -> String? {
        let entry = self.entries[index]
        return String(validating: self.bytes[entry.offset..<entry.offset + Int(entry.count)], as: UTF8.self)
    }

    /// The name without its extension; nil where it is no UTF-8.
    func stem(_ index: Int) -> String? { String(validating: self.stemBytes(index), as: UTF8.self) }

    /// For people: what is no UTF-8 is replaced.
    func displayName(_ index: Int) -> String {
        let entry = self.entries[index]
        return String(decoding: self.bytes[entry.offset..<entry.offset + Int(entry.count)], as: UTF8.self)
    }

    private func stemBytes(_ index: Int) -> ArraySlice<UInt8> {
        let entry = self.entries[index]
        return self.bytes[entry.offset..<entry.offset + Int(entry.stem)]
    }

    private static func compare(_ bytes: UnsafeRawBufferPointer, _ left: (Int, Int), _ right: (Int, Int)) -> Int {
        let common = min(left.1, right.1)
        guard common > 0, let base = bytes.baseAddress else { return left.1 - right.1 }
        let order = memcmp(base + left.0, base + right.0, common)
        return order == 0 ? left.1 - right.1 : Int(order)
    }
}
