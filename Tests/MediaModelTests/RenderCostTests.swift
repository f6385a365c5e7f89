import MediaModel
import MediaTesting
import Testing

@Suite struct RenderCostTests {
    private static let megapixel = 1_000_000

    private static func preset(_ options: String) throws -> Preset { try Preset(text: "p:\(options)") }

    /// What a JPEG of that size costs.
    private static func jpeg(
        _ width: Int,
        _ height: Int,
        isProgressive: Bool = false,
        bytes: Int = 1 << 20,
        _ options: [String] = ["w=320,h=320", "w=1280,h=1280"],
        limits: PictureLimits = PictureLimits()
    ) throws -> RenderCost {
        let sides = [height, width].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let opening: [UInt8] = [0xFF, 0xD8, 0xFF, isProgressive ? 0xC2 : 0xC0, 0, 17, 8] + sides + [3]
        let job = RenderJob(format: .jpeg, limits: limits, presets: try options.map(Self.preset))
        return RenderCost(of: job, bytes: bytes, opening: opening)
    }

    private static func png(
        _ width: Int,
        _ height: Int,
        _ options: String,
        as format: RenditionFormat = .webp
    ) throws -> RenderCost {
        let sides = [width, height].flatMap { side in (0..<4).map { UInt8(side >> (24 - 8 * $0) & 0xFF) } }
        let opening = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + sides
        let preset = try Self.preset(options)
        let made = Preset(name: preset.name, recipe: preset.recipe.made(as: format))
        let job = RenderJob(format: .png, limits: PictureLimits(), presets: [made])
        return RenderCost(of: job, bytes: 1000, opening: opening + [8, 2, 0, 0, 0])
    }

    /// The figures of PERFORMANCE.md and of `RenderCost`'s own measurement, within a factor that admission can bear.
    @Test func theDefaultPairOfTwelveMegapixels() throws {
        let cost = try Self.jpeg(4000, 3000)
        #expect((.milliseconds(100)...(.milliseconds(300))).contains(cost.cpu))
        #expect((8 << 20...64 << 20).contains(cost.memoryBytes))
    }

    @Test func aProgressivePictureTakesItsWholeMemory() throws {
        let (baseline, progressive) = (try Self.jpeg(5000, 4000), try Self.jpeg(5000, 4000, isProgressive: true))
        #expect(progressive.memoryBytes - baseline.memoryBytes >= 20 * Self.megapixel * 3)
        #expect(progressive.cpu > baseline.cpu)
    }

    @Test func pixelsFramesAndEffortCost() throws {
        #expect(try Self.jpeg(4000, 3000).cpu > Self.jpeg(2000, 1500).cpu)
        #expect(try Self.png(1000, 1000, "w=1000,effort=6").cpu > Self.png(1000, 1000, "w=1000,effort=0").cpu * 2)
        #expect(try Self.png(1000, 1000, "w=1000,lossless=1").cpu > Self.png(1000, 1000, "w=1000").cpu * 4)
        let file = try Fixtures.bytes("pictures/animated.gif")
        let costs = try ["w=40,lossless=0", "w=40,anim=1"].map { options in
            let job = RenderJob(format: .gif, limits: PictureLimits(), presets: [try Self.preset(options)])
            return RenderCost(of: job, bytes: file.count, opening: file)
        }
        #expect(costs[1].cpu > costs[0].cpu)
        #expect(costs[1].memoryBytes > costs[0].memoryBytes)
    }

    @Test(arguments: [
        ("fit=scale-down,w=2000", 1_000_000), ("fit=contain,w=2000", 4_000_000), ("fit=contain,w=500,h=100", 10_000),
        ("fit=cover,w=2000,h=100", 4_000_000), ("fit=crop,w=2000,h=2000", 1_000_000), ("fit=pad,w=500,h=500", 250_000),
        ("fit=scale-down,w=500", 250_000), ("fit=contain,w=16383", 16383 * 16383),
    ])
    func aRenditionIsAsLargeAsItsRecipeSays(options: String, pixels: Int) throws {
        // What is encoded decides the memory: 16 bytes a pixel beside the job's own.
        let bytes = try Self.png(1000, 1000, options + ",lossless=0").memoryBytes - (4 << 20) - 1000
        #expect(abs(bytes - pixels * 16) <= pixels)
    }

    /// What may turn out to be flat art is tried without loss; a JPEG is not, nor what is too large.
    @Test func aTryWithoutLossTakesItsMemory() throws {
        let exact = try Self.png(1000, 1000, "w=1000,lossless=1").memoryBytes
        #expect(try Self.png(1000, 1000, "w=1000").memoryBytes == exact)
        #expect(try Self.png(1000, 1000, "w=1000,lossless=0").memoryBytes < exact / 4)
        let large = try Self.png(2000, 2000, "w=2000").memoryBytes
        #expect(try large == Self.png(2000, 2000, "w=2000,lossless=0").memoryBytes)
    }

    /// As the engine tries: a picture beyond its rung is not planned as one that has all the effort.
    @Test(arguments: [
        (RenditionFormat.avif, "effort=4", 3_000_000), (.webp, "effort=6", 20_000_000),
        (.webp, "lossless=1,effort=4", 4_000_000),
    ])
    func whatTheEngineTriesLessHardCostsLess(format: RenditionFormat, options: String, pixels: Int) throws {
        let base = try Self.png(5000, pixels / 5000, "w=1").cpu
        let most = try Self.png(5000, pixels / 5000, "w=5000,\(options)", as: format).cpu - base
        let beyond = try Self.png(5000, pixels / 5000 + 10, "w=5000,\(options)", as: format).cpu - base
        #expect(beyond < most * 0.8)
    }

    /// A job whose estimate is beyond its deadline is not worth its admission, and an encoder that cannot be stopped
    /// would have its worker killed: noise takes up to twice as long as is planned.
    @Test(arguments: 0...6) func noAVIFIsPlannedForMoreThanAThirdOfItsDeadline(effort: Int) throws {
        for pixels in [3_000_000, RenditionFormat.avif.pixelsMax] {
            let cost = try Self.png(1000, pixels / 1000, "w=1000,effort=\(effort)", as: .avif)
            #expect(cost.cpu < .milliseconds(3300))
            #expect(cost.memoryBytes < 1 << 30)
        }
    }

    /// It ends at the worker's first look; a queue full of bombs must not look like hours of work.
    @Test func whatIsOverALimitCostsNothing() throws {
        let cost = try Self.jpeg(65535, 65535)
        #expect(cost.cpu <= .milliseconds(10))
        #expect(cost.memoryBytes <= 8 << 20)
        let limits = PictureLimits(pixelsMax: 1000, pixelsTotalMax: 1000)
        #expect(try Self.jpeg(400, 300, limits: limits).cpu < Self.jpeg(400, 300).cpu)
    }

    @Test func whatTellsNothingCountsAsDear() throws {
        let job = RenderJob(format: .heic, limits: PictureLimits(), presets: Preset.defaults)
        let cost = RenderCost(of: job, bytes: 4 << 20, opening: [])
        #expect(cost.memoryBytes > 200 << 20)
        #expect(cost.cpu > .milliseconds(500))
    }

    @Test func aJobWithoutRenditionsIsDecodedAndNoMore() throws {
        let (none, one) = (try Self.jpeg(4000, 3000, []), try Self.jpeg(4000, 3000))
        #expect(none.cpu < one.cpu)
        #expect(none.cpu > .milliseconds(30))
    }
}
