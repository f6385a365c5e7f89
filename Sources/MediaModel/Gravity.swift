/// What a cut keeps where a picture does not fit its box (``Fit/cover``, ``Fit/crop``).
package enum Gravity: String, Sendable, Hashable, CaseIterable, Codable {
    case centre
    /// The point that the uploader gave (``FocalPoint``); without one as ``attention``.
    case focus
    /// Where the picture catches the eye: edges, skin, strong colours.
    case attention
}

/// What becomes of a picture's colours.
package enum ProfileUse: String, Sendable, Hashable, CaseIterable, Codable {
    /// They become sRGB, which every client shows.
    case srgb
    /// A picture in another RGB space (Display P3, Adobe RGB) keeps its numbers, and the rendition says by an ICC
    /// profile what they mean. Nothing but what the conversion needs is in that profile.
    case keep
}
