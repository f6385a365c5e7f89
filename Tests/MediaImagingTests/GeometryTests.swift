import MediaModel
import Testing

@testable import MediaImaging

/// A source, a recipe, and the size that comes out.
struct FitCase: Sendable, CustomTestStringConvertible {
    let source: (Int, Int)
    let options: String
    let output: (Int, Int)

    init(_ source: (Int, Int), _ options: String, _ output: (Int, Int)) {
        self.source = source
        self.options = options
        self.output = output
    }

    var testDescription: String { "\(self.source) \(self.options) → \(self.output)" }
}

struct GeometryTests {
    @Test(arguments: [
        FitCase((4000, 3000), "w=320,h=320", (320, 240)),
        FitCase((3000, 4000), "w=320,h=320", (240, 320)),
        FitCase((768, 512), "w=1280,h=1280", (768, 512)),
        FitCase((1024, 770), "w=320,h=320", (320, 241)),
        FitCase((1000, 500), "w=100", (100, 50)),
        FitCase((1000, 500), "h=100", (200, 100)),
        FitCase((65535, 1), "w=320,h=320", (320, 1)),
        FitCase((1, 65535), "w=320", (1, 16383)),
        FitCase((32766, 2), "w=16383,h=16383", (16383, 1)),
        FitCase((100, 50), "w=200,h=200,fit=contain", (200, 100)),
        FitCase((100, 50), "w=200,fit=contain", (200, 100)),
        FitCase((400, 200), "w=100,h=100,fit=contain", (100, 50)),
        FitCase((400, 200), "w=100,h=100,fit=cover", (100, 100)),
        FitCase((50, 20), "w=100,h=100,fit=cover", (100, 100)),
        FitCase((65500, 1), "w=320,h=320,fit=cover", (320, 320)),
        FitCase((400, 200), "w=100,h=100,fit=crop", (100, 100)),
        FitCase((50, 20), "w=100,h=100,fit=crop", (50, 20)),
        FitCase((400, 50), "w=100,h=100,fit=crop", (100, 50)),
        FitCase((400, 200), "w=100,h=100,fit=pad", (100, 100)),
        FitCase((50, 20), "w=100,h=100,fit=pad", (100, 100)),
        FitCase((50, 50), "w=100,h=100,fit=pad", (100, 100)),
    ])
    func sizesAreAsTheFitSays(_ fit: FitCase) throws {
        let source = PictureSize(width: fit.source.0, height: fit.source.1)
        let placement = Geometry.place(source, by: try RecipeOptions.parse(fit.options))
        #expect(placement.output == PictureSize(width: fit.output.0, height: fit.output.1))
    }

    /// Left and top of what is cut out of a picture of 400 × 200 that is to fill 100 × 100: all of its height at 0.5 ×.
    @Test(arguments: [
        ("0.5,0.5", 50), ("0,0", 0), ("0.25,1", 0), ("0.3,0", 10), ("0.3024,0", 10), ("0.3025,0", 11),
        ("0.75,0.5", 100),
        ("1,1", 100),
    ])
    func aCutIsAroundItsPoint(_ point: String, _ left: Int) throws {
        let source = PictureSize(width: 400, height: 200)
        let placement = Geometry.place(source, by: try RecipeOptions.parse("w=100,h=100,fit=cover"))
        let aimed = placement.aimed(at: try #require(FocalPoint(point)), in: source)
        #expect(aimed.cutLast == Window(left: left, top: 0, width: 100, height: 100))
        #expect(aimed.scaled == placement.scaled && aimed.output == placement.output)
    }

    /// Enlarged, it is cut before it is scaled: by the same fractions of another size.
    @Test func aPictureThatIsEnlargedIsCutAroundThePointOfTheSource() throws {
        let source = PictureSize(width: 40, height: 20)
        let placement = Geometry.place(source, by: try RecipeOptions.parse("w=100,h=100,fit=cover"))
        let point = FocalPoint(x: 7500, y: 5000)
        #expect(placement.aimed(at: point, in: source).cutFirst == Window(left: 20, top: 0, width: 20, height: 20))
        let whole = Geometry.place(source, by: try RecipeOptions.parse("w=20"))
        #expect(whole.aimed(at: point, in: source) == whole)
    }

    @Test(arguments: [(1, 1), (2, 3), (5, 7), (99, 101), (640, 480), (16384, 3), (65535, 65535), (3, 65535)])
    func windowsLieInsideWhatTheyCut(_ side: (Int, Int)) throws {
        let source = PictureSize(width: side.0, height: side.1)
        for fit in Fit.allCases {
            for box in [(1, 1), (1, 16383), (17, 13), (320, 320), (1280, 720)] {
                let recipe = Recipe(fit: fit, width: box.0, height: box.1)
                let placement = Geometry.place(source, by: recipe)
                let output = placement.output
                #expect((1...box.0).contains(output.width) && (1...box.1).contains(output.height))
                let corner = placement.aimed(at: FocalPoint(x: 0, y: FocalPoint.whole), in: source)
                for (cut, whole) in [
                    (placement.cutFirst, source), (placement.cutLast, placement.scaled), (corner.cutFirst, source),
                    (corner.cutLast, placement.scaled),
                ] {
                    guard let cut else { continue }
                    #expect(cut.left >= 0 && cut.top >= 0 && cut.width >= 1 && cut.height >= 1)
                    #expect(cut.left + cut.width <= whole.width && cut.top + cut.height <= whole.height)
                }
                if fit == .scaleDown || fit == .crop {
                    #expect(placement.scaled.width <= source.width && placement.scaled.height <= source.height)
                }
            }
        }
    }

    @Test func whatIsCutOffIsNeverEnlarged() {
        let line = PictureSize(width: 65535, height: 1)
        let placement = Geometry.place(line, by: Recipe(fit: .cover, width: 1000, height: 1000))
        #expect(placement.cutFirst == Window(left: 32767, top: 0, width: 1, height: 1))
        #expect(placement.scaled == PictureSize(width: 1000, height: 1000))
    }

    @Test func aRecipeWithoutSidesKeepsTheSize() {
        for fit in Fit.allCases {
            let placement = Geometry.place(PictureSize(width: 30, height: 20), by: Recipe(fit: fit))
            #expect(placement.output == PictureSize(width: 30, height: 20))
        }
    }
}
