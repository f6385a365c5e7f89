/// The segments of a JPEG (ITU-T T.81 annex B), to put in what its encoder did not write.
enum JPEGContainer {
    private static let start: [UInt8] = [0xFF, 0xD8]
    /// JFIF's segment, which comes first where there is one.
    private static let jfif: [UInt8] = [0xFF, 0xE0]
    /// What an ICC profile in one piece begins with (ICC.1:2022 §B.4).
    private static let profileName = Array("ICC_PROFILE\0".utf8) + [1, 1]

    /// - Parameters:
    ///   - profile: at most 65519 bytes, so that it is one segment.
    ///   - file: as our encoder wrote it.
    static func withProfile(_ profile: [UInt8], in file: [UInt8]) -> [UInt8] {
        let bytes = 2 + Self.profileName.count + profile.count
        precondition(file.starts(with: Self.start) && file.count > 6 && bytes <= 0xFFFF, "a JPEG and a short profile")
        let hasJFIF = file[2...].starts(with: Self.jfif)
        let end = hasJFIF ? 4 + Int(file[4]) << 8 + Int(file[5]) : Self.start.count
        let segment = [0xFF, 0xE2, UInt8(bytes >> 8), UInt8(bytes & 0xFF)] + Self.profileName + profile
        return file[..<end] + segment + file[end...]
    }
}
