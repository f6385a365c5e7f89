/// Why a multipart body is refused; all of it is the client's fault.
package struct MultipartError: Error, Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package enum Code: String, Sendable {
        /// The `Content-Type` is no multipart/form-data, or its boundary is missing or not RFC 2046's.
        case boundary
        /// The lines around the parts are not as RFC 2046 has them.
        case malformedDelimiter = "malformed-delimiter"
        /// A line of a part's headers breaks the grammar, or a field that may be there once is there twice.
        case malformedHeader = "malformed-header"
        /// No `Content-Disposition: form-data` with a name.
        case notFormData = "not-form-data"
        /// A `Content-Transfer-Encoding` that changes the bytes.
        case transferEncoding = "transfer-encoding"
        /// Something is longer, or there are more of it, than ``MultipartParser/Limits`` allow.
        case tooLarge = "too-large"
        /// The body ended before its closing delimiter.
        case truncated
        /// None of the parts is the one that is wanted, or more than one is. For those who read the events.
        case noFile = "no-file"
    }

    package let code: Code
    /// What was wrong, for the log; it may hold bytes of the client's.
    package let detail: String

    package init(_ code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Safe to show: the code alone.
    package var description: String { "multipart: \(self.code.rawValue)" }
    /// With the detail, for logs; whatever is not printable ASCII is escaped, because the client wrote it.
    package var debugDescription: String {
        "\(self), " + self.detail.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
    }
}
