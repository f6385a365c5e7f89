/// A hash of a text that is the same on every machine and in every version: journals and shards are made by it.
enum StableHash {
    /// FNV-1a, 64 bits, then mixed (SplitMix64's end), so that its lowest bits are as good as its highest.
    static func of(_ text: String) -> UInt64 { Self.of(text.utf8) }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }
}
