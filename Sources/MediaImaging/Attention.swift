import Glibc
import MediaModel

/// Where a picture catches the eye: edges, skin and strong colours, as smartcrop.js and libvips' `smartcrop` weigh
/// them, on a grid of 32 × 32.
///
/// Our own and not libvips': the same point whatever library is installed, no compiled kernels, of which a sandbox has
/// room for few, and one point for a picture instead of one for each box.
enum Attention {
    /// Less is what computing in fractions leaves of nothing.
    private static let noise = 1e-6
    /// Cells on each side: the precision of a cut.
    private static let side = 32
    /// How far a cell's surroundings count, in cells: about what a box half as wide as the picture would see.
    private static let blur = 3.0
    private static let blurReach = 8
    /// Of an edge's contrast (0 ... 1) among the scores of skin and colours (0 ... 1).
    private static let edgeWeight = 5.0
    /// The direction of skin in RGB (smartcrop.js), and how far off still counts.
    private static let skin = [0.78, 0.57, 0.44]
    private static let skinRadius = 0.2
    /// What is darker is no skin.
    private static let skinBrightnessMin = 0.2
    /// What is paler, darker or lighter is no strong colour.
    private static let saturationMin = 0.4
    private static let brightnessOfColours = 0.05...0.9
    private static let colourWeight = 0.3

    /// - Returns: the centre where nothing is more than the rest.
    static func find(in picture: SmallPicture) -> FocalPoint {
        let plain = Self.scores(of: picture)
        guard let most = plain.max(), let least = plain.min(), most - least > Self.noise else { return .centre }
        let scores = Self.blurred(Self.blurred(plain, across: true), across: false)
        var best = (score: 0.0, cell: (Self.side / 2, Self.side / 2), distance: Int.max)
        for row in 0..<Self.side {
            for column in 0..<Self.side {
                // Steps, so that what computing in fractions leaves does not decide; among equals the most central.
                let score = (scores[row * Self.side + column] / Self.noise).rounded()
                let (left, up) = (2 * column + 1 - Self.side, 2 * row + 1 - Self.side)
                let distance = left * left + up * up
                if score > best.score || score == best.score && distance < best.distance {
                    best = (score, (column, row), distance)
                }
            }
        }
        return FocalPoint(x: Self.fraction(best.cell.0), y: Self.fraction(best.cell.1))
    }

    private static func fraction(_ cell: Int) -> Int { (2 * cell + 1) * FocalPoint.whole / (2 * Self.side) }

    private static func scores(of picture: SmallPicture) -> [Double] {
        let cells = (0..<Self.side * Self.side).map { index in
            Self.cell(of: picture, column: index % Self.side, row: index / Self.side)
        }
        return cells.indices.map { index in
            let (column, row) = (index % Self.side, index / Self.side)
            func lightness(_ column: Int, _ row: Int) -> Double {
                let inside = 0..<Self.side
                return cells[
                    min(max(row, 0), inside.upperBound - 1) * Self.side + min(max(column, 0), inside.upperBound - 1)
                ].lightness
            }
            let around =
                lightness(column - 1, row) + lightness(column + 1, row) + lightness(column, row - 1)
                + lightness(column, row + 1)
            let edge = abs(4 * cells[index].lightness - around)
            return Self.edgeWeight * edge + cells[index].skin + Self.colourWeight * cells[index].saturation
        }
    }

    private struct Cell {
        let lightness: Double
        /// 0 ... 1.
        let skin: Double
        /// 0 ... 1.
        let saturation: Double
    }

    private static func cell(of picture: SmallPicture, column: Int, row: Int) -> Cell {
        var sums = (0.0, 0.0, 0.0)
        let rows = Self.span(row, picture.height)
        let columns = Self.span(column, picture.width)
        for y in rows {
            for x in columns {
                let offset = 4 * (y * picture.width + x)
                // Transparent is black: a cut-out's edge is an edge.
                let alpha = Double(picture.rgba[offset + 3]) / 255
                sums.0 += alpha * Double(picture.rgba[offset]) / 255
                sums.1 += alpha * Double(picture.rgba[offset + 1]) / 255
                sums.2 += alpha * Double(picture.rgba[offset + 2]) / 255
            }
        }
        let rgb = [sums.0, sums.1, sums.2].map { $0 / Double(rows.count * columns.count) }
        let lightness = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
        return Cell(
            lightness: lightness,
            skin: Self.skin(of: rgb, lightness),
            saturation: Self.saturation(of: rgb, lightness)
        )
    }

    /// A picture of fewer pixels than cells has each of them several times.
    private static func span(_ index: Int, _ whole: Int) -> Range<Int> {
        let start = index * whole / Self.side
        return start..<max(start + 1, (index + 1) * whole / Self.side)
    }

    private static func skin(of rgb: [Double], _ lightness: Double) -> Double {
        let length = rgb.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let skinLength = Self.skin.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0, lightness >= Self.skinBrightnessMin else { return 0 }
        let off = zip(rgb, Self.skin).reduce(0) { sum, pair in
            let difference = pair.0 / length - pair.1 / skinLength
            return sum + difference * difference
        }
        return max(0, 1 - off.squareRoot() / Self.skinRadius)
    }

    private static func saturation(of rgb: [Double], _ lightness: Double) -> Double {
        guard let most = rgb.max(), let least = rgb.min(), most > 0, Self.brightnessOfColours.contains(lightness) else {
            return 0
        }
        let saturation = (most - least) / most
        return max(0, saturation - Self.saturationMin) / (1 - Self.saturationMin)
    }

    /// A Gaussian in one direction. Beyond the edge is nothing: of two equal things the one nearer to the middle counts
    /// more.
    private static func blurred(_ cells: [Double], across: Bool) -> [Double] {
        let weights = (-Self.blurReach...Self.blurReach).map { exp(-Double($0 * $0) / (2 * Self.blur * Self.blur)) }
        let sum = weights.reduce(0, +)
        return cells.indices.map { index in
            let (column, row) = (index % Self.side, index / Self.side)
            var value = 0.0
            for (step, weight) in weights.enumerated() {
                let place = (across ? column : row) + step - Self.blurReach
                guard (0..<Self.side).contains(place) else { continue }
                value += weight * cells[across ? row * Self.side + place : place * Self.side + column]
            }
            return value / sum
        }
    }
}
