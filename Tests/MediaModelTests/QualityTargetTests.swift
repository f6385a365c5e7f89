import MediaModel
import Testing

@Suite struct QualityTargetTests {
    @Test(arguments: [
        ("w=9,ssim=0.985", QualityTarget.ssim(tenThousandths: 9850)), ("w=9,ssim=0.5", .ssim(tenThousandths: 5000)),
        ("w=9,ssim=0.999", .ssim(tenThousandths: 9990)), ("w=9,ssim=0.9853", .ssim(tenThousandths: 9853)),
        ("w=9,bytes=100", .bytes(100)), ("w=9,bytes=99999999", .bytes(99_999_999)),
    ])
    func aTargetHasOneSpelling(_ text: String, _ target: QualityTarget) throws {
        let recipe = try RecipeOptions.parse(text)
        #expect(recipe.target == target)
        #expect(RecipeOptions.text(of: recipe) == text)
        #expect("w=9,\(target)" == text)
        #expect(try Recipe(canonicalJSON: recipe.canonicalJSON) == recipe)
        #expect(recipe.canonicalJSON.contains(#""target":"\#(target)""#))
    }

    @Test(arguments: [
        "ssim=0.9850", "ssim=.985", "ssim=1", "ssim=1.0", "ssim=0.4999", "ssim=0.9991", "ssim=0.98531", "ssim=0.",
        "ssim=0",
        "ssim=00.9", "ssim=0.9e1", "ssim=0.-99", "ssim=0.9 ", "ssim=0,9", "ssim=", "ssim=0.٩٨", "ssim=98.5",
        "bytes=99", "bytes=0", "bytes=-400", "bytes=040000", "bytes=+40000", "bytes=4e4", "bytes=40kB", "bytes=",
        "bytes=100000000", "bytes=99999999999999999999", "ssim=0.985,q=80", "bytes=40000,q=80",
        "bytes=40000,ssim=0.985", "ssim=0.985,lossless=1", "bytes=40000,lossless=1", "ssim=0.985,ssim=0.985",
    ])
    func anotherIsRefused(_ options: String) {
        #expect(throws: RecipeOptions.Invalid.self) { try RecipeOptions.parse("w=9,\(options)") }
    }

    @Test(arguments: ["", "ssim", "ssim=", "ssim=0.98500", "bytes=1", "q=80", "ssim=0.985=", "bytes=040000"])
    func aStoredOneIsReadStrictly(_ text: String) throws {
        let json = try RecipeOptions.parse("w=9,ssim=0.985").canonicalJSON
        let changed = json.replacing(#""ssim=0.985""#, with: "\"\(text)\"")
        #expect(changed != json)
        #expect(throws: DecodingError.self) { try Recipe(canonicalJSON: changed) }
    }

    @Test func recipesFromBeforeAreTheSameBytes() throws {
        for options in ["w=640,h=480,fit=cover,q=75", "w=9,lossless=1,effort=6"] {
            let json = try RecipeOptions.parse(options).canonicalJSON
            #expect(!json.contains("target") && !json.contains("mayBeLossless"))
            #expect(try Recipe(canonicalJSON: json).mayBeLossless)
        }
    }

    @Test func lossCanBeInsistedOn() throws {
        let recipe = try RecipeOptions.parse("w=9,lossless=0")
        #expect(!recipe.mayBeLossless && !recipe.lossless)
        #expect(RecipeOptions.text(of: recipe) == "w=9,lossless=0")
        #expect(try Recipe(canonicalJSON: recipe.canonicalJSON) == recipe)
        #expect(try RecipeOptions.parse("w=9,lossless=1").mayBeLossless)
        #expect(try RecipeOptions.parse("w=9,ssim=0.985,lossless=0").target != nil)
    }

    @Test func aTargetCanBeAURLs() throws {
        for options in ["w=640,ssim=0.985", "w=16383,h=16383,fit=scale-down,bytes=99999999,effort=6,lossless=0,anim=1"]
        {
            // `scale-down` is the default, which has no spelling.
            let text = options.replacing("fit=scale-down,", with: "")
            let name = try #require(RenditionName("\(text).webp"))
            let preset = try #require(Preset(oneOff: name))
            #expect(preset.recipe.target != nil)
            #expect(name.isMadeLater)
        }
        #expect(RenditionName("w=640,ssim=0.9850.webp") == nil)
        let longest = "w=16383,h=16383,fit=contain,bytes=99999999,effort=6,lossless=0,anim=1"
        #expect(RenditionName("\(longest).jpg") != nil)
        let padded = "w=16383,h=16383,fit=pad,bytes=99999999,effort=6,lossless=0,anim=1,bg=11223344"
        #expect(RenditionName("\(padded).avif")?.description == "\(padded).avif")
    }

    @Test func aSearchIsPlannedFor() throws {
        func cost(_ options: String) throws -> RenderCost {
            let opening: [UInt8] = [0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0x0B, 0xB8, 0x0F, 0xA0, 3]
            let job = RenderJob(format: .jpeg, limits: PictureLimits(), presets: [try Preset(text: "p:\(options)")])
            return RenderCost(of: job, bytes: 1 << 20, opening: opening)
        }
        let (plain, searched) = (try cost("w=1280"), try cost("w=1280,ssim=0.985"))
        let decode = try cost("w=1").cpu
        #expect(searched.cpu - decode > (plain.cpu - decode) * 2.5)
        #expect(searched.memoryBytes > plain.memoryBytes)
    }
}

@Suite struct EffortClassTests {
    @Test func whoNamesAnEffortGetsIt() throws {
        for effort in [0, 1, 3, 5, 6] {
            let recipe = Recipe(width: 2000, height: 2000, effort: effort)
            #expect(recipe.forReader == recipe)
            #expect(recipe.forReprocessing == recipe)
        }
    }

    @Test func aReaderWaitsLessForALargePicture() throws {
        #expect(Recipe(width: 1280, height: 960).forReader.effort == Effort.quick)
        #expect(Recipe(width: 1280).forReader.effort == Effort.quick)
        #expect(Recipe(height: .max).forReader.effort == Effort.quick)
        #expect(Recipe(width: 320, height: 320).forReader.effort == Effort.usual)
        #expect(Recipe(width: 320).forReader.effort == Effort.usual)
        #expect(Recipe(width: 20, height: 20).forReprocessing.effort == Effort.best)
    }

    /// A URL's bytes do not depend on when they are made: the effort is in the recipe that is kept with them.
    @Test func theEffortOfAURLIsItsOwn() throws {
        let name = try #require(RenditionName("w=1280,h=960.webp"))
        let preset = try #require(Preset(oneOff: name))
        #expect(preset.recipe.effort == Effort.quick)
        #expect(Preset(oneOff: name) == preset)
        #expect(preset.recipe.forReader == preset.recipe)
        let named = try #require(RenditionName("w=1280,h=960,effort=6.webp"))
        #expect(Preset(oneOff: named)?.recipe.effort == 6)
    }
}

@Suite struct EncodingChoiceTests {
    @Test func figuresAreRounded() {
        let choice = EncodingChoice(quality: 71.449999, ssim: 0.98509999999, encodes: 3)
        #expect(choice.quality == 71.4)
        #expect(choice.ssim == 0.9851)
    }

    @Test func whatCannotBeIsTold() {
        #expect(EncodingChoice(quality: 0, ssim: 1, encodes: 1).isPossible)
        #expect(EncodingChoice(loss: .lossless, encodes: EncodingChoice.encodesMax).isPossible)
        let impossible = [
            EncodingChoice(quality: -0.1, encodes: 1), EncodingChoice(quality: 100.1, encodes: 1),
            EncodingChoice(quality: .nan, encodes: 1), EncodingChoice(quality: .infinity, encodes: 1),
            EncodingChoice(quality: 1, ssim: 1.1, encodes: 1), EncodingChoice(quality: 1, ssim: .nan, encodes: 1),
            EncodingChoice(quality: 1, encodes: 0), EncodingChoice(quality: 1, encodes: 17),
            EncodingChoice(encodes: 1), EncodingChoice(loss: .lossless, quality: 1, encodes: 1),
        ]
        for choice in impossible { #expect(!choice.isPossible, "\(choice)") }
    }
}
