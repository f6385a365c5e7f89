import FoundationEssentials
import MediaTesting
import Testing

extension WireTests {
    /// Peers that take their time are cut; beside them everybody else is served.
    @Suite struct SlowPeerWireTests {
        /// Limits that a test can wait for; how long it then waits says nothing.
        static let impatient = [
            "MEDIA_HTTP_HEAD_TIMEOUT": "1s", "MEDIA_HTTP_STALL_TIMEOUT": "2s", "MEDIA_HTTP_IDLE_TIMEOUT": "3s",
        ]
        static let wait = Duration.seconds(60)

        @Test func aHeadThatDripsIsCutAndAHealthyReaderIsServed() async throws {
            try await Origin.with(environment: Self.impatient) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                async let healthy: Void = Self.readAll(origin, url, times: 40)
                let first = Self.drip(try await origin.service.connect(), head: "")
                let after = try await origin.service.connect()
                #expect(try await after.exchange(Origin.head("GET", url, [], body: [])).status == 200)
                let second = Self.drip(after, head: "")
                #expect(await first.value)
                #expect(await second.value)
                try await healthy
                #expect(try await Self.cuts(origin, "head") == 2)
            }
        }

        @Test(arguments: ["Content-Length: 100000", "Transfer-Encoding: chunked"])
        func aBodyThatDripsIsRefused(framing: String) async throws {
            try await Origin.with(environment: Self.impatient) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                async let healthy: Void = Self.readAll(origin, url, times: 40)
                let connection = try await origin.service.connect()
                try await connection.send(Origin.head("POST", "/v1/assets", [framing], body: []))
                let dripping = Task {
                    let drop = framing.hasPrefix("C") ? [0xFF] : Array("1\r\n\u{7F}\r\n".utf8)
                    while !Task.isCancelled {
                        try await connection.send(drop)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                let response = try await connection.receiveResponse(timeout: Self.wait)
                #expect(try response.problem(408) == "upload-timeout")
                #expect(response["Connection"] == "close")
                #expect(try await connection.isClosedByPeer(within: Self.wait))
                dripping.cancel()
                try await healthy
                #expect(try await Self.cuts(origin, "body") == 1)
                #expect(try origin.blobs().count == 3, "the upload left something behind")
            }
        }

        @Test func aReaderThatNeverReadsIsCutAndAHealthyOneIsServed() async throws {
            try await Origin.with(environment: Self.impatient) { origin in
                let url = try await origin.asset("noise.png").entry("preview").url
                async let healthy: Void = Self.readAll(origin, url, times: 40)
                let connection = try await origin.service.connect()
                #expect(await Self.isReset(connection, asking: url))
                try await healthy
                #expect(try await Self.cuts(origin, "reader") == 1)
            }
        }

        @Test func aReaderThatReadsAFewBytesAtATimeIsCut() async throws {
            try await Origin.with(environment: Self.impatient) { origin in
                let url = try await origin.asset("noise.png").entry("preview").url
                let connection = try await origin.service.connect()
                let reading = Task {
                    while !Task.isCancelled {
                        _ = try await connection.receive(bytesMax: 32, timeout: Self.wait)
                        try await Task.sleep(for: .milliseconds(500))
                    }
                }
                #expect(await Self.isReset(connection, asking: url))
                reading.cancel()
                #expect(try await Self.cuts(origin, "reader") == 1)
            }
        }

        @Test func aSilentConnectionIsClosedAndABusyOneIsNot() async throws {
            try await Origin.with(environment: Self.impatient) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                let silent = try await origin.service.connect()
                let busy = try await origin.service.connect()
                // Longer than the idle timeout, each pause shorter.
                for _ in 0..<10 {
                    #expect(try await busy.exchange(Origin.head("GET", url, [], body: [])).status == 200)
                    try await Task.sleep(for: .milliseconds(500))
                }
                #expect(try await silent.isClosedByPeer(within: Self.wait))
                #expect(try await busy.isClosedByPeer(within: Self.wait))
            }
        }

        @Test func oneAddressHasItsMostConnections() async throws {
            try await Origin.with(environment: ["MEDIA_CONNECTIONS_PER_ADDRESS_MAX": "2"]) { origin in
                let request = Origin.head("GET", "/v1/assets", [], body: [])
                let one = try await origin.service.connect()
                #expect(try await one.exchange(request).status == 200)
                let two = try await origin.service.connect()
                #expect(try await two.exchange(request).status == 200)
                for _ in 0..<5 {
                    #expect(try await origin.service.connect().isClosedByPeer(within: Self.wait))
                }
                #expect(try await one.exchange(request).status == 200)
                try await one.halfClose()
                #expect(try await one.isClosedByPeer(within: Self.wait))
                // The place is free once the service has seen the end of it.
                var status = 0
                for _ in 0..<1000 where status != 200 {
                    status = (try? await origin.service.connect().exchange(request).status) ?? 0
                    if status != 200 { try await Task.sleep(for: .milliseconds(20)) }
                }
                #expect(status == 200)
                #expect(try await Self.cuts(origin, "address") >= 5)
            }
        }

        /// Sends a head, byte by byte, that never ends; true once the peer has ended the connection.
        private static func drip(_ connection: RawConnection, head: String) -> Task<Bool, Never> {
            Task {
                let bytes = Array("GET /drip HTTP/1.1\r\nX: ".utf8) + Array(repeating: UInt8(ascii: "y"), count: 5000)
                let dripping = Task { try await connection.sendSlowly(bytes, pieceBytes: 1, pause: .milliseconds(50)) }
                defer { dripping.cancel() }
                return (try? await connection.isClosedByPeer(within: Self.wait)) ?? true
            }
        }

        /// Asks for far more answers than the buffers of both kernels take, then now and then for one more, until the
        /// connection is reset: the only thing that a peer which does not read can notice.
        private static func isReset(_ connection: RawConnection, asking url: String) async -> Bool {
            let request = Array(Origin.head("GET", url, [], body: []).utf8)
            let end = ContinuousClock.now + Self.wait
            do {
                for _ in 0..<2000 { try await connection.send(request, timeout: Self.wait) }
                while ContinuousClock.now < end {
                    try await connection.send(request, timeout: Self.wait)
                    try await Task.sleep(for: .milliseconds(20))
                }
                return false
            } catch {
                return (error as? RawConnectionError)?.kind == .closed
            }
        }

        private static func readAll(_ origin: Origin, _ url: String, times: Int) async throws {
            for _ in 0..<times {
                #expect(try await origin.get(url).status == 200)
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        static func cuts(_ origin: Origin, _ reason: String) async throws -> Int {
            let metrics = try await origin.service.connectToAdmin().exchange(
                Origin.head("GET", "/metrics", [], body: [])
            )
            let start = "http_connections_cut_total{reason=\"\(reason)\"} "
            let line = metrics.text.split(separator: "\n").first { $0.hasPrefix(start) }
            return line.flatMap { Int($0.dropFirst(start.count)) } ?? 0
        }
    }
}
