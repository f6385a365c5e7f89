/// Why a conversion does not begin, or does not go on, and what to do.
struct ConvertFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
