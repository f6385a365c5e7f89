extension MultipartParser {
    /// The header lines of one part, as they come in.
    struct PartHeaders: Sendable {
        /// The line that has not ended yet.
        private var line: [UInt8] = []
        private var lines = 0
        private var bytes = 0
        private var disposition: String?
        private var contentType: String?
        private var transferEncoding: String?

        var bytesKept: Int { self.line.count }

        mutating func append(_ more: ArraySlice<UInt8>) throws(MultipartError) {
            self.bytes += more.count
            guard self.bytes <= MultipartParser.headerBytesMax else {
                throw MultipartError(.tooLarge, detail: "part headers: over \(MultipartParser.headerBytesMax) bytes")
            }
            self.line += more
        }

        /// Takes the line in that has just ended with LF.
        ///
        /// - Returns: whether it was the blank one after the last.
        mutating func endLine() throws(MultipartError) -> Bool {
            guard self.line.suffix(2) == [0x0D, 0x0A] else { throw Self.malformed("LF without CR") }
            let text = self.line.dropLast(2)
            if text.isEmpty { return true }
            self.lines += 1
            guard self.lines <= MultipartParser.headerLinesMax else {
                throw MultipartError(.tooLarge, detail: "over \(MultipartParser.headerLinesMax) header lines in a part")
            }
            try self.takeLine(text)
            self.line.removeAll(keepingCapacity: true)
            return false
        }

        /// Other fields than these three must be ignored (RFC 7578 §4.8), but not what is no field at all.
        private mutating func takeLine(_ text: ArraySlice<UInt8>) throws(MultipartError) {
            guard text.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw Self.malformed("control character")
            }
            guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { throw Self.malformed("no colon") }
            let name = text[..<colon]
            // A leading space would be folding (RFC 5322), one before the colon is a smuggler's.
            guard !name.isEmpty, name.allSatisfy(HeaderParameters.isTokenByte) else {
                throw Self.malformed("a field name that is no token")
            }
            let value = HeaderParameters.trimmed(text[text.index(after: colon)...])
            switch String(decoding: name, as: UTF8.self).lowercased() {
            case "content-disposition": try Self.setOnce(&self.disposition, value)
            case "content-type": try Self.setOnce(&self.contentType, value)
            case "content-transfer-encoding": try Self.setOnce(&self.transferEncoding, value)
            default: break
            }
        }

        /// What the lines say, once the blank one has come.
        func part() throws(MultipartError) -> Part {
            try self.checkTransferEncoding()
            guard let disposition = self.disposition else {
                throw MultipartError(.notFormData, detail: "a part without Content-Disposition")
            }
            guard let fields = HeaderParameters(disposition) else { throw Self.malformed("Content-Disposition") }
            guard fields.value == "form-data", let name = fields["name"], !name.isEmpty else {
                throw MultipartError(.notFormData, detail: "Content-Disposition is no form-data with a name")
            }
            // `filename*` must not be sent (RFC 7578 §4.2); whoever sends it, sends `filename` too.
            let filename = fields["filename"]
            guard name.utf8.count <= MultipartParser.nameBytesMax,
                (filename ?? "").utf8.count <= MultipartParser.filenameBytesMax
            else { throw MultipartError(.tooLarge, detail: "a part's name or filename") }
            return Part(name: name, filename: filename, contentType: self.contentType)
        }

        /// Deprecated by RFC 7578 §4.7. Base64 that is taken for the picture's own bytes would be stored as such.
        private func checkTransferEncoding() throws(MultipartError) {
            guard let encoding = self.transferEncoding?.lowercased() else { return }
            guard ["binary", "8bit", "7bit"].contains(encoding) else {
                throw MultipartError(.transferEncoding, detail: "Content-Transfer-Encoding: \(encoding)")
            }
        }

        private static func setOnce(_ field: inout String?, _ value: ArraySlice<UInt8>) throws(MultipartError) {
            guard field == nil else { throw Self.malformed("a field that is there twice") }
            field = String(decoding: value, as: UTF8.self)
        }

        private static func malformed(_ detail: String) -> MultipartError {
            MultipartError(.malformedHeader, detail: "part header: \(detail)")
        }
    }

    /// The boundary that a `Content-Type` names: 1 to 70 of RFC 2046's characters, the last no space.
    static func boundary(of contentType: String) throws(MultipartError) -> [UInt8] {
        guard let fields = HeaderParameters(contentType), fields.value == "multipart/form-data" else {
            throw MultipartError(.boundary, detail: "the Content-Type is no multipart/form-data")
        }
        guard let boundary = fields["boundary"].map({ Array($0.utf8) }) else {
            throw MultipartError(.boundary, detail: "the Content-Type names no boundary")
        }
        guard (1...70).contains(boundary.count), boundary.last != 0x20, boundary.allSatisfy(Self.isBoundaryByte) else {
            throw MultipartError(.boundary, detail: "the boundary is not as RFC 2046 has it")
        }
        return boundary
    }

    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }
}
