import FoundationEssentials
import MediaTesting
import Testing

/// What was made after the upload, through the loss of the catalog: real pictures of each encoder.
@Suite(.timeLimit(.minutes(5)))
struct MediactlRebuildTests {
    private static func etags(_ urls: [String], from service: RunningService?) async throws -> [String?] {
        let connection = try await #require(service).connect()
        var etags: [String?] = []
        for url in urls {
            let response = try await connection.exchange(RawRequest.head("GET", url))
            #expect(response.status == 200, "\(url)")
            etags.append(response["ETag"])
        }
        return etags
    }

    /// Today's preset could not have made the picture, and allows one of its formats no more.
    @Test func whatWasMadeAfterTheUploadIsServedAfterARebuild() async throws {
        let keys = try TemporaryFolder()
        try Data("0123456789abcdef0123456789abcdef".utf8).write(to: URL(filePath: keys.path("k1")))
        let signing = ["--url-signing-keys", "k1:\(keys.path("k1"))"]
        let before = signing + ["--presets", "thumbnail:w=320,h=320,formats=avif+webp+jpeg"]
        let today = ["MEDIA_PRESETS": "thumbnail:w=10,h=10", "MEDIA_URL_SIGNING_KEYS": signing[1]]
        var origin = try await ServedOrigin(arguments: before)
        let asset = try await origin.upload()
        var urls = ["webp", "jpg", "avif"].map { "/a/\(asset)/v1/thumbnail.\($0)" }
        for file in ["w=64,h=48,fit=cover.webp", "w=31,h=17,fit=cover,q=100.jpg", "w=1,h=1.avif", "w=63,q=40.avif"] {
            let run = try await MediactlRun(["sign", "/a/\(asset)/v1/\(file)"] + signing)
            urls.append(try #require(run.outputLines.first, "\(run.errors)"))
        }
        let etags = try await Self.etags(urls, from: origin.service)
        try await origin.stop()
        try origin.loseCatalog()
        let blobs = try origin.blobs().sorted()
        let run = try await MediactlRun(["fsck", "--rebuild", "--data-dir", origin.data], environment: today)
        #expect(run.code == 0, "\(run.output)\(run.errors)")
        let service = try await RunningService.start(environment: today, dataFolder: origin.data)
        #expect(try await Self.etags(urls, from: service) == etags)
        // They were found, and not made again.
        #expect(try origin.blobs().sorted() == blobs)
        #expect(try await service.stop() == .code(0))
        let checked = try await origin.operate("fsck")
        #expect(checked.code == 0, "\(checked.output)")
    }
}
