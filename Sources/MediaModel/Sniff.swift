/// Tells a picture's format from its first bytes, by our own rules.
///
/// libvips' own detection is never asked: 185 bytes make it hang (libvips < 8.17.3), and a detection that may choose
/// any loader is how CVE-2026-66066 read files. What is not recognised here is 415, whatever `Content-Type` says.
package enum Sniff {
    /// How many bytes from the start the decision needs at the most. Fewer are enough when the file is shorter.
    package static let prefixBytesMax = 4096

    /// The format that `prefix` announces, or nil when it is none that the service takes.
    ///
    /// - Parameter prefix: the first ``prefixBytesMax`` bytes of the file, or all of it when it is shorter.
    package static func format(of prefix: [UInt8]) -> PictureFormat? {
        if prefix.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if prefix.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if prefix.starts(with: Array("GIF87a".utf8)) || prefix.starts(with: Array("GIF89a".utf8)) { return .gif }
        if prefix.starts(with: Array("RIFF".utf8)), Self.slice(prefix, 8, 4) == Array("WEBP".utf8) { return .webp }
        return Self.heifFamily(prefix)
    }

    /// HEIF files (ISO/IEC 23008-12) begin with a `ftyp` box: size (BE32), `ftyp`, major brand, minor version, then
    /// compatible brands up to the box's end.
    private static func heifFamily(_ prefix: [UInt8]) -> PictureFormat? {
        guard Self.slice(prefix, 4, 4) == Array("ftyp".utf8), let size = Self.slice(prefix, 0, 4) else { return nil }
        let boxBytes = size.reduce(0) { $0 << 8 | Int($1) }
        guard boxBytes >= 16, boxBytes <= Self.prefixBytesMax else { return nil }
        var brands: [String] = []
        for offset in [8] + Array(stride(from: 16, to: boxBytes, by: 4)) {
            guard let brand = Self.slice(prefix, offset, 4) else { break }
            brands.append(String(decoding: brand, as: UTF8.self))
        }
        if brands.contains(where: ["avif", "avis"].contains) { return .avif }
        let heic = ["heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1", "mif2", "mif3"]
        return brands.contains(where: heic.contains) ? .heic : nil
    }

    private static func slice(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> [UInt8]? {
        guard offset + count <= bytes.count else { return nil }
        return Array(bytes[offset..<offset + count])
    }
}
