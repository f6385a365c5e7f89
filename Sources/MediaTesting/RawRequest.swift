/// The text of an HTTP/1.1 request's head.
package enum RawRequest {
    /// Adds `Host`, and `Content-Length` where there is a body, or the method is POST or PUT, and no field says how
    /// long it is.
    package static func head(_ method: String, _ target: String, _ fields: [String] = [], bodyBytes: Int = 0) -> String
    {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: localhost"] + fields
        let hasFraming = fields.contains { field in
            ["content-length:", "transfer-encoding:"].contains { field.lowercased().hasPrefix($0) }
        }
        if bodyBytes > 0 || method == "POST" || method == "PUT", !hasFraming {
            lines.append("Content-Length: \(bodyBytes)")
        }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// A body in chunks of `chunkBytes`, its end included.
    package static func chunked(_ body: [UInt8], chunkBytes: Int) -> [UInt8] {
        var framed: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: chunkBytes) {
            let chunk = body[start..<min(start + chunkBytes, body.count)]
            framed += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        }
        return framed + Array("0\r\n\r\n".utf8)
    }
}
