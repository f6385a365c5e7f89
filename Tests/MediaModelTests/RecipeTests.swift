import MediaModel
import Testing

@Suite struct RecipeTests {
    @Test func canonicalJSONIsOneString() throws {
        let recipe = try RecipeOptions.parse("h=480,w=640,fit=cover,q=75")
        let expected =
            #"{"animated":false,"background":"ffffffff","effort":4,"fit":"cover","format":"webp","#
            + #""height":480,"lossless":false,"quality":75,"width":640}"#
        #expect(recipe.canonicalJSON == expected)
        #expect(try Recipe(canonicalJSON: expected) == recipe)
        #expect(try RecipeOptions.parse("w=640,h=480,q=75,fit=cover").canonicalJSON == expected)
    }

    @Test(arguments: [
        "", "w", "w=", "w=0", "w=16384", "w=01", "w=1,w=2", "q=50", "w=1,q=0", "w=1,q=101", "w=1,effort=7", "w=1,x=1",
        "w=1,fit=stretch", "w=1,fit=cover", "w=1,lossless=yes", "w=1,h=1,fit=pad,bg=red", "w=1,bg=ffffff", "w=1,,h=1",
        "w=1,format=png", "w=-1", "w=1 ", "w=1,format=jpeg", "w=1,formats=jpeg", "w=1,formats=",
        "w=1,formats=webp+webp",
        "w=1,formats=webp+png", "w=1,formats=webp,jpeg", "w=1,formats=webp+", "w=1,gravity=focus",
        "w=1,h=1,fit=pad,gravity=attention", "w=1,h=1,fit=crop,gravity=north", "w=1,profile=p3", "w=1,profile=",
    ])
    func badOptionsAreRefusedWithWhatWasExpected(text: String) {
        let error = #expect(throws: RecipeOptions.Invalid.self) { try RecipeOptions.parse(text) }
        #expect(error?.description.isEmpty == false)
    }

    @Test func everyOptionIsRead() throws {
        let recipe = try RecipeOptions.parse(
            "w=10,h=20,fit=pad,q=1,effort=0,lossless=1,anim=1,bg=11223344,format=webp"
        )
        #expect(recipe.width == 10)
        #expect(recipe.height == 20)
        #expect(recipe.fit == .pad)
        #expect(recipe.quality == 1)
        #expect(recipe.effort == 0)
        #expect(recipe.lossless)
        #expect(recipe.animated)
        #expect(recipe.background.components == [0x11, 0x22, 0x33, 0x44])
    }

    @Test(arguments: ["original:w=1", "Thumb:w=1", ":w=1", "thumb", "thumb:", "-a:w=1", "a.b:w=1"])
    func badPresetsAreRefused(text: String) {
        #expect(throws: RecipeOptions.Invalid.self) { try Preset(text: text) }
    }

    @Test func theDefaultsAreThumbnailAndPreview() {
        #expect(Preset.defaults.map(\.name.description) == ["thumbnail", "preview"])
        #expect(Preset.defaults.map(\.recipe.width) == [320, 1280])
        #expect(Preset.defaults.map(\.recipe.animated) == [false, true])
        #expect(Preset.defaults.allSatisfy { $0.recipe.fit == .scaleDown })
    }

    @Test func theFormatsOfAPresetAreASet() throws {
        #expect(try RecipeOptions.parse("w=1").formats == [.webp, .jpeg])
        #expect(try RecipeOptions.parse("w=1,formats=jpeg+webp+avif").formats == [.avif, .webp, .jpeg])
        #expect(try RecipeOptions.parse("w=1,formats=webp").formats == [.webp])
        // Recipes from before there was a choice are the same bytes, and mean the same.
        #expect(try RecipeOptions.parse("w=1,formats=jpeg+webp") == RecipeOptions.parse("w=1"))
        #expect(!(try RecipeOptions.parse("w=1").canonicalJSON.contains("formats")))
        let recipe = try RecipeOptions.parse("w=1,formats=avif+webp")
        #expect(recipe.canonicalJSON.contains(#""formats":["avif","webp"]"#))
        #expect(try Recipe(canonicalJSON: recipe.canonicalJSON) == recipe)
        let nothing = recipe.canonicalJSON.replacing(#"["avif","webp"]"#, with: "[]")
        #expect(throws: DecodingError.self) { try Recipe(canonicalJSON: nothing) }
    }

    /// Where a picture is cut and what becomes of its colours: not in recipes from before there was a choice, nor in
    /// those that do not make one.
    @Test func gravityAndProfileAreThereWhereTheyAreChosen() throws {
        let plain = try RecipeOptions.parse("w=9,h=9,fit=cover")
        #expect(plain.gravity == .centre && plain.profile == .srgb)
        #expect(try RecipeOptions.parse("w=9,h=9,fit=cover,gravity=centre,profile=srgb") == plain)
        for key in ["gravity", "profile"] { #expect(!plain.canonicalJSON.contains(key)) }
        for (text, json) in [
            ("w=9,h=9,fit=cover,gravity=focus", #""gravity":"focus""#),
            ("w=9,h=9,fit=crop,gravity=attention", #""gravity":"attention""#),
            ("w=9,profile=keep", #""profile":"keep""#),
        ] {
            let recipe = try RecipeOptions.parse(text)
            #expect(recipe.canonicalJSON.contains(json))
            #expect(try Recipe(canonicalJSON: recipe.canonicalJSON) == recipe)
            #expect(RecipeOptions.text(of: recipe) == text)
            let unknown = recipe.canonicalJSON.replacing(json, with: json.dropLast() + #"x""#)
            #expect(throws: DecodingError.self) { try Recipe(canonicalJSON: unknown) }
        }
    }

    /// The longest options there are fit a URL, and the catalog's column for names.
    @Test func theLongestOptionsAreAName() throws {
        let longest =
            "w=16383,h=16383,fit=cover,q=100,effort=6,lossless=1,anim=1,gravity=attention,profile=keep"
        let name = try #require(RenditionName("\(longest).webp"))
        #expect(name.description.utf8.count <= 128)
        #expect(Preset(oneOff: name)?.recipe.gravity == .attention)
    }

    @Test func aRecipeHasOneSpelling() throws {
        let spellings = [
            "w=640,h=480,fit=cover,q=75": "q=75,fit=cover,h=480,w=640", "w=1": "format=webp,effort=4,q=80,w=1",
            "h=9,effort=6,lossless=1,anim=1,formats=avif+webp+jpeg":
                "formats=webp+jpeg+avif,anim=1,lossless=1,effort=6,h=9",
            "w=1,h=1,fit=pad,bg=11223344": "bg=11223344,fit=pad,h=1,w=1",
            "w=1,h=1,fit=cover,gravity=focus,profile=keep": "profile=keep,gravity=focus,fit=cover,h=1,w=1",
        ]
        for (canonical, other) in spellings {
            #expect(RecipeOptions.text(of: try RecipeOptions.parse(other)) == canonical)
            #expect(RecipeOptions.text(of: try RecipeOptions.parse(canonical)) == canonical)
        }
    }
}
