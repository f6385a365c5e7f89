import MediaModel

/// Whether a file that a worker returned is an AVIF of a certain size and of pixels only: one still, perhaps with its
/// alpha (ISO/IEC 14496-12 and 23008-12; AVIF 1.1.0). See ``WebPCheck`` for why.
struct AVIFCheck {
    fileprivate struct Box {
        let name: String
        let content: Range<Int>
    }

    /// Boxes beside each other, of which no encoder writes as many: a file that is nothing but boxes must not become
    /// tens of millions of them here.
    private static let boxesMax = 16
    private static let metaBoxes = ["hdlr", "iinf", "iloc", "iprp", "iref", "pitm"]
    /// Bytes of an `hdlr` without a name (23008-12 §6.2).
    private static let handlerBytes = 25
    /// What an item can have: its size, its coding, its depth, its colours, and that it is the alpha of another.
    private static let properties: Set<String> = ["ispe", "av1C", "pixi", "colr", "auxC"]
    /// The longest of them says what an auxiliary picture is, in 43 bytes.
    private static let propertyBytesMax = 64
    /// Colours by numbers; the other kind is a whole profile.
    private static let colourType = "nclx"

    private static let profileType = "prof"

    private let file: [UInt8]
    private let mayHaveProfile: Bool

    /// - Parameter mayHaveProfile: whether its colours may be said to be others than sRGB's.
    /// - Returns: what is wrong with `file`, for logs; nil when it is an AVIF of `size`.
    static func complaint(_ file: [UInt8], size: PictureSize, mayHaveProfile: Bool = false) -> String? {
        Self(file: file, mayHaveProfile: mayHaveProfile).complaint(size)
    }

    private func complaint(_ size: PictureSize) -> String? {
        guard let boxes = self.boxes(0..<self.file.count), boxes.map(\.name) == ["ftyp", "meta", "mdat"],
            self.name(boxes[0].content.lowerBound) == "avif"
        else { return "no AVIF, or one with a part that does not belong there" }
        // A version and flags come before the boxes of `meta`.
        guard let meta = self.boxes(boxes[1].content.dropFirst(4)),
            meta.map(\.name).sorted() == Self.metaBoxes.filter({ name in name != "iref" || meta.contains(name) }),
            meta.first("hdlr")?.content.count == Self.handlerBytes
        else { return "an AVIF whose description has a part that is missing or does not belong there" }
        guard let items = self.items(meta.first("iinf")), (1...2).contains(items.count),
            items.allSatisfy({ $0 == "av01" })
        else { return "an AVIF with an item that is no picture, or with several" }
        guard let extents = self.extents(meta.first("iloc"), of: items.count), self.fill(boxes[2].content, extents)
        else {
            return "an AVIF with bytes that belong to no picture"
        }
        guard let sizes = self.sizes(meta.first("iprp")), !sizes.isEmpty else {
            return "an AVIF with a property that does not belong there"
        }
        guard sizes.allSatisfy({ $0 == size }) else { return "an AVIF that is not \(size.width) × \(size.height)" }
        return nil
    }

    /// The types of all items (`infe`, version 2: id, protection, type).
    private func items(_ box: Box?) -> [String]? {
        guard let box, let count = self.number(box.content.lowerBound + 4, bytes: 2),
            let entries = self.boxes(box.content.dropFirst(6)), entries.count == count
        else { return nil }
        let types = entries.compactMap { entry in
            entry.name == "infe" ? self.name(entry.content.lowerBound + 8) : nil
        }
        return types.count == count ? types : nil
    }

    /// Where the items' bytes are (`iloc`, version 0 or 1, in the file): one piece of at least a byte each. Where
    /// pieces may be empty or many, some hundred kilobytes list billions of them.
    private func extents(_ box: Box?, of itemCount: Int) -> [Range<Int>]? {
        guard let box, let version = self.number(box.content.lowerBound, bytes: 1), version <= 1,
            let widths = self.number(box.content.lowerBound + 4, bytes: 2),
            self.number(box.content.lowerBound + 6, bytes: 2) == itemCount
        else { return nil }
        var reader = Reader(check: self, offset: box.content.lowerBound + 8, end: box.content.upperBound)
        let (offsetBytes, lengthBytes, baseBytes) = (widths >> 12, widths >> 8 & 15, widths >> 4 & 15)
        let indexBytes = version == 1 ? widths & 15 : 0
        var extents: [Range<Int>] = []
        for _ in 0..<itemCount {
            guard reader.next(2) != nil, version == 0 || reader.next(2) == 0, reader.next(2) == 0,
                let base = reader.next(baseBytes), reader.next(2) == 1, reader.next(indexBytes) != nil,
                let offset = reader.next(offsetBytes), let length = reader.next(lengthBytes), length >= 1,
                base + offset + length <= self.file.count
            else { return nil }
            extents.append(base + offset..<base + offset + length)
        }
        return reader.isAtEnd ? extents : nil
    }

    /// Whether the parts follow each other without a gap from one end to the other.
    private func fill(_ whole: Range<Int>, _ parts: [Range<Int>]) -> Bool {
        var position = whole.lowerBound
        for part in parts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard part.lowerBound == position else { return false }
            position = part.upperBound
        }
        return position == whole.upperBound
    }

    /// All sizes that items have; nil where there is another property than those that belong to a picture.
    private func sizes(_ box: Box?) -> [PictureSize]? {
        guard let box, let parts = self.boxes(box.content), parts.map(\.name) == ["ipco", "ipma"],
            let properties = self.boxes(parts[0].content), properties.allSatisfy(self.belongs)
        else { return nil }
        let sizes = properties.filter { $0.name == "ispe" }.map { property in
            (
                self.number(property.content.lowerBound + 4, bytes: 4),
                self.number(property.content.lowerBound + 8, bytes: 4)
            )
        }
        return sizes.map { PictureSize(width: $0 ?? 0, height: $1 ?? 0) }
    }

    private func belongs(_ property: Box) -> Bool {
        if property.name == "colr", self.name(property.content.lowerBound) == Self.profileType {
            return self.mayHaveProfile && ProfileCheck.isPlain(self.file[property.content.dropFirst(4)])
        }
        guard Self.properties.contains(property.name), property.content.count <= Self.propertyBytesMax else {
            return false
        }
        return property.name != "colr" || self.name(property.content.lowerBound) == Self.colourType
    }

    /// The boxes of a range in order; nil unless they fill it exactly, and for more than ``boxesMax``.
    private func boxes(_ range: Range<Int>) -> [Box]? {
        var boxes: [Box] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            // No encoder of ours writes the long form, or one that goes on to the end of the file.
            guard boxes.count < Self.boxesMax, let bytes = self.number(offset, bytes: 4), bytes >= 8,
                offset + bytes <= range.upperBound, let name = self.name(offset + 4)
            else { return nil }
            boxes.append(Box(name: name, content: offset + 8..<offset + bytes))
            offset += bytes
        }
        return boxes
    }

    private func name(_ offset: Int) -> String? {
        self.slice(offset, 4).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Big-endian; 0 ... 4 bytes.
    private func number(_ offset: Int, bytes: Int) -> Int? {
        guard bytes <= 4 else { return nil }
        return self.slice(offset, bytes)?.reduce(0) { $0 << 8 | Int($1) }
    }

    private func slice(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, offset <= self.file.count, count <= self.file.count - offset else { return nil }
        return self.file[offset..<offset + count]
    }

    /// Numbers one after the other.
    private struct Reader {
        let check: AVIFCheck
        var offset: Int
        let end: Int

        var isAtEnd: Bool { self.offset == self.end }

        mutating func next(_ bytes: Int) -> Int? {
            guard self.offset + bytes <= self.end, let number = self.check.number(self.offset, bytes: bytes) else {
                return nil
            }
            self.offset += bytes
            return number
        }
    }
}

extension [AVIFCheck.Box] {
    fileprivate func first(_ name: String) -> AVIFCheck.Box? { self.first { $0.name == name } }

    fileprivate func contains(_ name: String) -> Bool { self.contains { $0.name == name } }
}
