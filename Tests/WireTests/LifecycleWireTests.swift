import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Testing

/// Starting, stopping, dying and coming back.
extension WireTests {
    @Suite struct LifecycleWireTests {
        @Test func theAdminListenerSaysHowItIs() async throws {
            try await Origin.with { origin in
                _ = try await origin.asset()
                let admin = { (path: String) in
                    try await origin.service.connectToAdmin().exchange(Origin.head("GET", path, [], body: []))
                }
                #expect(try await admin("/livez").status == 200)
                #expect(try await admin("/readyz").status == 200)
                let metrics = try await admin("/metrics")
                #expect(metrics["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
                for line in [
                    #"http_requests_total{route="/v1/assets",method="POST",status="201"} 1"#,
                    #"media_uploads_total{outcome="ready"} 1"#, #"media_renders_total{outcome="done"} 2"#,
                    "media_workers_idle 2", "http_requests_in_flight 0",
                ] {
                    #expect(metrics.text.contains(line + "\n"), "\(line)")
                }
                #expect(try await admin("/").problem(404) == "not-found")
            }
        }

        /// Also the codecs' own threads: Linux keeps levels thread by thread, and these render.
        @Test func everyThreadOfAWorkerGivesWay() async throws {
            try await Origin.with { origin in
                _ = try await origin.asset()
                let workers = origin.service.process.descendants
                #expect(!workers.isEmpty)
                for worker in workers {
                    let levels = try ChildProcess.niceLevels(of: worker)
                    #expect(levels.count > 1 && levels.allSatisfy { $0 >= 10 }, "\(levels)")
                }
            }
        }

        @Test func whatWasAcknowledgedSurvivesAKill() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "2"])
            let origin = Origin(service: service)
            var urls: [String: String] = [:]
            for name in ["gradient.png", "noise.png", "alpha.png"] {
                for entry in try await origin.asset(name).renditions.values { urls[entry.url] = entry.sha256 }
            }
            // One more is on its way when the process dies.
            let half = try await service.connect()
            try await half.send(Origin.head("POST", "/v1/assets", ["Content-Length: 5000"], body: []))
            try await half.send([0xFF, 0xD8, 0xFF] + Samples.bytes(2000))
            let workers = service.process.descendants
            #expect(workers.count == 2)
            try await service.kill()
            let back = try await service.restart()
            for (url, digest) in urls {
                let response = try await Origin(service: back).get(url)
                #expect(response["ETag"] == "\"\(digest)\"")
                #expect(response.status == 200)
            }
            #expect(try Origin(service: back).blobs().count == 9)
            #expect(try await back.stop() == .code(0))
            let areGone = try await comesAbout { !workers.contains(where: ChildProcess.isRunning) }
            #expect(areGone, "a worker outlived its service")
        }

        /// What lies in memory are keys and pictures; Swift's backtracer would write some of it into the log, and take
        /// its time.
        @Test func aCrashEndsItWithoutAWordOfItsMemory() async throws {
            let service = try await RunningService.start(environment: ["SWIFT_BACKTRACE": "enable=yes,registers=all"])
            service.process.send(signal: SIGSEGV)
            #expect(try await service.process.exit(within: .seconds(10)) == .signal(SIGSEGV))
            #expect(!String(decoding: service.process.stderr, as: UTF8.self).contains("crash"))
        }

        @Test func anUnfinishedVersionIsFinishedAfterAKill() async throws {
            // One worker and a row of pictures: most are still waiting when the process dies.
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let origin = Origin(service: service)
            let picture = try Fixtures.bytes("pictures/gradient-large.jpg")
            var ids: [String] = []
            for _ in 0..<8 {
                let response = try await origin.upload(picture, "Prefer: respond-async")
                #expect(response.status == 202)
                ids.append(try response.json(AssetJSON.self).id)
            }
            try await service.kill()
            let back = try await service.restart()
            for id in ids { #expect(try await Origin(service: back).comesToBe("ready", id)) }
            #expect(try await back.stop() == .code(0))
        }

        @Test func aSecondServiceOnTheSameFolderRefusesToStart() async throws {
            try await Origin.with { origin in
                let error = await #expect(throws: ChildProcess.Failure.self) {
                    try await RunningService.start(dataFolder: origin.service.dataFolder)
                }
                #expect(error?.description.contains("another process") == true, "\(String(describing: error))")
            }
        }

        @Test func aServiceWithoutItsKeyRingRefusesToStart() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            _ = try await Origin(service: service).asset()
            #expect(try await service.stop() == .code(0))
            let ring = URL(filePath: service.dataFolder).appending(path: "keys")
            let away = URL(filePath: service.dataFolder).appending(path: "keys.away")
            try FileManager.default.moveItem(at: ring, to: away)
            let error = await #expect(throws: ChildProcess.Failure.self) { try await service.restart() }
            #expect(error?.description.contains("key ring") == true, "\(String(describing: error))")
            #expect(!FileManager.default.fileExists(atPath: ring.path))
            // Another service's ring is no better.
            let other = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let otherRing = URL(filePath: other.dataFolder).appending(path: "keys")
            try FileManager.default.copyItem(at: otherRing, to: ring)
            #expect(try await other.stop() == .code(0))
            await #expect(throws: ChildProcess.Failure.self) { try await service.restart() }
            try FileManager.default.removeItem(at: ring)
            try FileManager.default.moveItem(at: away, to: ring)
            let back = try await service.restart()
            #expect(try await back.stop() == .code(0))
        }

        @Test func whatIsInFlightIsFinishedBeforeItStops() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let picture = try Fixtures.bytes("pictures/gradient-large.jpg")
            let connection = try await service.connect()
            try await connection.send(Origin.head("POST", "/v1/assets", [], body: picture))
            try await connection.send(Array(picture.prefix(1000)))
            let isInFlight = try await comesAbout {
                try await Origin(service: service).metrics().contains("http_requests_in_flight 1\n")
            }
            #expect(isInFlight)
            async let stopped = service.stop()
            try await Task.sleep(for: .milliseconds(200))
            try await connection.send(Array(picture.dropFirst(1000)))
            #expect(try await connection.receiveResponse(to: "POST").status == 201)
            #expect(try await stopped == .code(0))
        }

        /// A load balancer hears that the service stops while it still takes connections.
        @Test func itIsNotReadyBeforeItStopsListening() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1", "MEDIA_DRAIN_LEAD": "5s"])
            let origin = Origin(service: service)
            let url = try await origin.asset().entry("thumbnail").url
            let readiness = {
                try await service.connectToAdmin().exchange(Origin.head("GET", "/readyz", [], body: []))
            }
            #expect(try await readiness().status == 200)
            let start = ContinuousClock.now
            async let stopped = service.stop()
            let isDraining = try await comesAbout { try await readiness().status == 503 }
            #expect(isDraining)
            #expect(try await readiness().text.contains("draining"))
            // On a connection of its own.
            #expect(try await origin.get(url).status == 200)
            #expect(try await stopped == .code(0))
            #expect(ContinuousClock.now - start >= .seconds(5))
            await #expect(throws: RawConnectionError.self) { try await service.connect() }
        }

        @Test(arguments: [
            (["MEDIA_HTTP_PORT": "x"], "http.port"), (["MEDIA_NO_SUCH_THING": "1"], "MEDIA_NO_SUCH_THING"),
            (["MEDIA_HTTP_HOST": "0.0.0.0"], "api.token"), (["MEDIA_PRESETS": "thumb:w=0"], "presets"),
            (["MEDIA_WORKER_PATH": "/no/such/worker"], "/no/such/worker"),
        ])
        func badSettingsStopTheStartAndSayWhich(environment: [String: String], told: String) async throws {
            let error = await #expect(throws: ChildProcess.Failure.self) {
                try await RunningService.start(environment: environment)
            }
            #expect(error?.description.contains(told) == true, "\(String(describing: error))")
        }
    }
}
