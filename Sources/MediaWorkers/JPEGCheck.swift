import MediaModel

/// Whether a file that a worker returned is a JPEG of a certain size and of pixels only (ITU-T T.81 annex B); see
/// ``WebPCheck`` for why.
struct JPEGCheck {
    private enum Marker {
        static let prefix: UInt8 = 0xFF
        static let start: UInt8 = 0xD8
        static let end: UInt8 = 0xD9
        static let scan: UInt8 = 0xDA
        static let jfif: UInt8 = 0xE0
        static let profile: UInt8 = 0xE2
        /// Baseline, extended and progressive frames in Huffman coding.
        static let frames: ClosedRange<UInt8> = 0xC0...0xC2
        static let huffmanTables: UInt8 = 0xC4
        static let quantisationTables: UInt8 = 0xDB
        static let restartInterval: UInt8 = 0xDD
        static let restarts: ClosedRange<UInt8> = 0xD0...0xD7
    }

    /// JFIF 1.02: name, version, density, no thumbnail. A longer one has a picture of its own.
    private static let jfifBytes = 16

    /// What an ICC profile in one piece begins with (ICC.1:2022 §B.4).
    private static let profileName = Array("ICC_PROFILE\0".utf8) + [1, 1]

    private let file: [UInt8]
    private let mayHaveProfile: Bool

    /// - Parameter mayHaveProfile: whether its colours may be said to be others than sRGB's.
    /// - Returns: what is wrong with `file`, for logs; nil when it is a JPEG of `size`.
    static func complaint(_ file: [UInt8], size: PictureSize, mayHaveProfile: Bool = false) -> String? {
        Self(file: file, mayHaveProfile: mayHaveProfile).complaint(size)
    }

    private func complaint(_ size: PictureSize) -> String? {
        guard self.file.starts(with: [Marker.prefix, Marker.start]) else { return "no JPEG" }
        var offset = 2
        var found: PictureSize?
        var hasScan = false
        while let marker = self.marker(offset) {
            if marker == Marker.end {
                guard offset + 2 == self.file.count else { return "a JPEG with bytes behind its end" }
                guard hasScan, found == size else { return "a JPEG that is not \(size.width) × \(size.height)" }
                return nil
            }
            guard let segment = self.segment(offset), self.belongs(marker, segment) else {
                return "a JPEG with a segment that is broken or does not belong there"
            }
            if Marker.frames.contains(marker) {
                guard found == nil, let frame = self.size(segment) else { return "a JPEG of several frames, or none" }
                found = frame
            }
            offset = segment.upperBound
            if marker == Marker.scan {
                guard found != nil else { return "a JPEG with a scan before its frame" }
                hasScan = true
                offset = self.endOfScan(offset)
            }
        }
        return "a JPEG that does not end"
    }

    private func belongs(_ marker: UInt8, _ segment: Range<Int>) -> Bool {
        switch marker {
        case Marker.jfif:
            segment.count == Self.jfifBytes - 2 && self.file[segment].starts(with: Array("JFIF\0".utf8))
        case Marker.profile: self.mayHaveProfile && self.isProfile(segment)
        case Marker.frames, Marker.huffmanTables, Marker.quantisationTables, Marker.restartInterval, Marker.scan: true
        default: false
        }
    }

    private func isProfile(_ segment: Range<Int>) -> Bool {
        self.file[segment].starts(with: Self.profileName)
            && ProfileCheck.isPlain(self.file[segment].dropFirst(Self.profileName.count))
    }

    /// Precision, then height and width, 16 bits each.
    private func size(_ segment: Range<Int>) -> PictureSize? {
        guard segment.count >= 6, let height = self.number(segment.lowerBound + 1),
            let width = self.number(segment.lowerBound + 3)
        else { return nil }
        return PictureSize(width: width, height: height)
    }

    private func marker(_ offset: Int) -> UInt8? {
        guard offset + 1 < self.file.count, self.file[offset] == Marker.prefix else { return nil }
        return self.file[offset + 1]
    }

    /// The parameters of the segment whose marker is at `offset`, without their length.
    private func segment(_ offset: Int) -> Range<Int>? {
        guard let bytes = self.number(offset + 2), bytes >= 2, offset + 2 + bytes <= self.file.count else { return nil }
        return offset + 4..<offset + 2 + bytes
    }

    /// Where the next marker is that is neither a restart nor a byte 0xFF of the compressed pixels (B.1.1.5).
    private func endOfScan(_ offset: Int) -> Int {
        var offset = offset
        while offset + 1 < self.file.count {
            if self.file[offset] == Marker.prefix, self.file[offset + 1] != 0,
                !Marker.restarts.contains(self.file[offset + 1])
            {
                return offset
            }
            offset += 1
        }
        return self.file.count
    }

    /// 16 bits, big-endian.
    private func number(_ offset: Int) -> Int? {
        guard offset >= 0, offset + 1 < self.file.count else { return nil }
        return Int(self.file[offset]) << 8 | Int(self.file[offset + 1])
    }
}
