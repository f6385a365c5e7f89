/// What `Cache-Status` (RFC 9211) says.
package enum CacheStatus {
    /// Whether the cache nearest to the reader had it, which is the last one of the list; nil where the field is absent
    /// or says neither.
    package static func isHit(_ field: String) -> Bool? {
        guard let nearest = field.split(separator: ",").last else { return nil }
        let parameters = nearest.split(separator: ";").dropFirst().map { $0.filter { $0 != " " } }
        if parameters.contains("hit") { return true }
        return parameters.contains { $0.hasPrefix("fwd") } ? false : nil
    }
}
