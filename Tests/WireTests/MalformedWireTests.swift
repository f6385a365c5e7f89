import MediaTesting
import Testing

extension WireTests {
    /// Framing that is wrong or doubtful ends the connection, and nothing behind it is answered.
    @Suite struct MalformedWireTests {
        /// What stands before a malformed request on its connection.
        enum Before: CaseIterable {
            case nothing
            /// An answer of the hot path, which then has the connection.
            case aHit
            /// An answer of the responder, so that the decoder has begun.
            case aMiss
        }

        @Test(arguments: Before.allCases)
        func everyMalformedRequestIsRefusedAndNothingBehindItIsLetThrough(before: Before) async throws {
            #expect(MalformedRequest.all.count >= 200)
            #expect(Set(MalformedRequest.all.map(\.bytes)).count == MalformedRequest.all.count)
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                // The first reader's request puts it into the table of hits.
                let whole = try await origin.get(url)
                #expect(whole.status == 200)
                // What an attacker would have another client's request be taken for.
                let smuggled = Array(Origin.head("GET", url, [], body: []).utf8)
                let first: String? =
                    switch before {
                    case .nothing: nil
                    case .aHit: Origin.head("GET", url, [], body: [])
                    case .aMiss: Origin.head("GET", "/v1/assets", [], body: [])
                    }
                var wrong: [String] = []
                for request in MalformedRequest.all {
                    if let reason = await Self.fault(origin, request, after: first, followedBy: smuggled) {
                        wrong.append("\(request): \(reason)")
                    }
                }
                #expect(wrong == [])
                #expect(try await origin.get(url).status == 200)
                let metrics = try await origin.service.connectToAdmin().exchange(
                    Origin.head("GET", "/metrics", [], body: [])
                )
                #expect(!metrics.text.contains(/http_requests_total\{[^}]*status="5/))
            }
        }

        /// The same behind an answer that is a hit, and behind one that takes its time: the order stays.
        @Test func aFaultIsToldAfterTheAnswersBeforeIt() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url
                let good = Origin.head("GET", url, [], body: []) + Origin.head("GET", "/v1/assets", [], body: [])
                let connection = try await origin.service.connect()
                try await connection.send(good + "GET / HTTP/9\r\n\r\n" + good)
                #expect(try await connection.receiveResponse().status == 200)
                #expect(try await connection.receiveResponse().status == 200)
                #expect(try await connection.receiveResponse().problem(400) == "malformed-request")
                #expect(try await connection.receiveToEnd(timeout: .seconds(60)) == [])
            }
        }

        /// - Returns: what is wrong with the answer; nil where it is as it must be.
        private static func fault(
            _ origin: Origin,
            _ request: MalformedRequest,
            after first: String?,
            followedBy smuggled: [UInt8]
        ) async -> String? {
            do {
                let connection = try await origin.service.connect()
                if let first, try await connection.exchange(first).status != 200 { return "no answer before it" }
                // The service may have answered and closed before all of it is sent.
                try? await connection.send(request.bytes + smuggled)
                let response = try await connection.receiveResponse()
                guard (400...499).contains(response.status) else {
                    return "\(response.status) \(response.text.prefix(80))"
                }
                guard response["Content-Type"] == "application/problem+json", response["Cache-Control"] == "no-store",
                    response["Connection"] == "close"
                else { return "\(response.status) with \(response.fields)" }
                let rest = try await connection.receiveToEnd(timeout: .seconds(60))
                return rest.isEmpty
                    ? nil : "\(response.status), and more: \(String(decoding: rest.prefix(80), as: UTF8.self))"
            } catch {
                return "\(error)"
            }
        }
    }
}
