import MediaModel
import MediaTesting
import Testing

@testable import MediaPurging

/// The driver and cdn/nginx/media.conf must name the same objects: against the real nginx.
@Suite(.enabled(if: NginxServer.isInstalled, "\(NginxServer.reason)"), .timeLimit(.minutes(5)))
struct NginxTests {
    /// As browsers write it.
    private static let readers = [
        "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8": "image/avif,image/webp",
        "image/webp,image/apng,image/*,*/*;q=0.8": "image/webp", "image/png,image/*;q=0.8": "none", "*/*": "none",
    ]

    private static func get(_ nginx: NginxServer, _ path: String, _ accept: String) async throws -> RawResponse {
        try await nginx.connect().exchange(RawRequest.head("GET", path, ["Accept: \(accept)"]))
    }

    @Test func eachKindOfReaderHasItsObjectAndIsPurged() async throws {
        // What the origin is told of the reader is what it answers.
        let origin = try CannedServer { _, request in
            let accept = request.split(separator: "\r\n").first { $0.hasPrefix("Accept: ") }?.dropFirst(8)
            return .said(
                200,
                String(accept ?? "none"),
                fields: ["Cache-Control: public, max-age=600", "Vary: Accept", "ETag: \"a\""]
            )
        }
        let nginx = try await NginxServer.start(originPort: origin.port)
        let path = "/a/\(DriverTests.asset)/latest/preview"
        for _ in 0..<2 {
            for (accept, expected) in Self.readers {
                let response = try await Self.get(nginx, path, accept)
                #expect(response.text == expected)
                #expect(response["Vary"] == "Accept")
            }
        }
        #expect(origin.requests.count == 3)
        // With an extension there is one object for all.
        for accept in Self.readers.keys { #expect(try await Self.get(nginx, "\(path).webp", accept).text == "none") }
        #expect(origin.requests.count == 4)

        // So has what was signed: it has an ending before its query.
        let signed = "/a/\(DriverTests.asset)/v1/w=64,h=48.webp?sig=k1.aB-_"
        for accept in Self.readers.keys { #expect(try await Self.get(nginx, signed, accept).text == "none") }
        #expect(origin.requests.count == 5)

        let target = try Target([.said(200, "")])
        let url = "http://127.0.0.1:\(nginx.purgePort)"
        let driver = target.driver { NginxDriver(url: url, connection: $0) }
        let paths = [path, "\(path).webp", "/a/\(DriverTests.asset)/none.webp", signed]
        let record = DriverTests.record(1, .latest, paths: paths)
        try await driver.send([record])
        for accept in Self.readers.keys {
            #expect(try await Self.get(nginx, path, accept).status == 200)
            #expect(try await Self.get(nginx, "\(path).webp", accept).status == 200)
            #expect(try await Self.get(nginx, signed, accept).status == 200)
        }
        #expect(origin.requests.count == 10)
        // Nothing there any more but what was just fetched; nothing at all is no failure either.
        try await driver.send([record])
        try await driver.send([record])
    }
}
