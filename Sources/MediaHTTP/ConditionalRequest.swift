package import HTTPTypes

/// The preconditions of RFC 9110 §13, by its letter.
///
/// Evaluated only where the answer without them would be a 200 (§13.2.1), so there always is a representation.
package struct ConditionalRequest: Sendable {
    package enum Outcome: Sendable, Hashable {
        /// Answer as if there had been no precondition; a `Range` is still subject to ``ifRangeAllowsRange``.
        case proceed
        /// 304.
        case notModified
        /// 412.
        case preconditionFailed
    }

    private let fields: HTTPFields
    private let etag: EntityTag?
    private let lastModified: Int
    private let datesCount: Bool
    private let now: Int

    /// - Parameters:
    ///   - fields: of the request.
    ///   - etag: the field's value, quotes included.
    ///   - lastModifiedSeconds: Unix seconds.
    ///   - datesCount: whether the date says which representation it is. True of a version's bytes, which never change.
    ///     Not of `latest`, which may go back to an older version: by its date that would pass for not modified, for
    ///     ever. Its requests are answered as if they had no dates, which the fields allow (§13.1.3, §13.1.4).
    ///   - now: Unix seconds; only for the century in an RFC 850 date.
    package init(
        fields: HTTPFields,
        etag: String,
        lastModifiedSeconds: Int,
        datesCount: Bool,
        now: Int = HTTPDates.now
    ) {
        self.fields = fields
        self.etag = EntityTag(etag)
        self.lastModified = lastModifiedSeconds
        self.datesCount = datesCount
        self.now = now
    }

    /// The order of §13.2.2. What a field says that cannot be understood never matches: for `If-None-Match` that costs
    /// a full answer, for `If-Match` it is the refusal that the client asked for.
    package func evaluate(isGetOrHead: Bool = true) -> Outcome {
        // Steps 1 and 2: If-Unmodified-Since counts only without If-Match.
        if let field = self.fields[.ifMatch] {
            guard self.isNamed(in: field, by: EntityTag.matchesStrongly) else { return .preconditionFailed }
        } else if let since = self.date(.ifUnmodifiedSince) {
            guard self.lastModified <= since else { return .preconditionFailed }
        }
        // Steps 3 and 4: If-Modified-Since counts only without If-None-Match, and only for GET and HEAD.
        if let field = self.fields[.ifNoneMatch] {
            guard self.isNamed(in: field, by: EntityTag.matchesWeakly) else { return .proceed }
            return isGetOrHead ? .notModified : .preconditionFailed
        }
        guard isGetOrHead, let since = self.date(.ifModifiedSince) else { return .proceed }
        return self.lastModified > since ? .proceed : .notModified
    }

    /// Whether a `Range` may be answered with 206 (§13.1.5): there is no `If-Range`, or it names this representation
    /// strongly: one strong entity tag, or exactly the date of `Last-Modified` where dates count (§8.8.2.2).
    package var ifRangeAllowsRange: Bool {
        guard let field = self.fields[.ifRange] else { return true }
        if let candidate = EntityTag(field) { return self.etag.map(candidate.matchesStrongly) ?? false }
        return self.date(.ifRange) == self.lastModified
    }

    /// `*`, or a list of tags. `*` counts only alone: in a list it is malformed, and a proxy that joined it with a tag
    /// must not get a match that neither line meant.
    private func isNamed(in field: String, by matches: (EntityTag) -> (EntityTag) -> Bool) -> Bool {
        if field == "*" { return true }
        guard let etag = self.etag else { return false }
        var list = EntityTagList(field)
        while let candidate = list.next() {
            if matches(candidate)(etag) { return true }
        }
        return false
    }

    /// A date that is no HTTP-date makes its field count as absent (§13.1.3, §13.1.4); so does more than one.
    private func date(_ name: HTTPField.Name) -> Int? {
        guard self.datesCount else { return nil }
        return self.fields[name].flatMap { HTTPDates.parse($0, now: self.now) }
    }
}
