/// SHAKE-128 (FIPS 202), which the accumulated XAES-256-GCM vector is made with. Written for that test alone.
struct Shake128 {
    static let rateBytes = 168

    private var lanes = [UInt64](repeating: 0, count: 25)
    /// Bytes absorbed or squeezed in the current block.
    private var position = 0
    private var isSqueezing = false

    mutating func absorb(_ bytes: [UInt8]) {
        precondition(!self.isSqueezing)
        for byte in bytes {
            self.lanes[self.position >> 3] ^= UInt64(byte) << UInt64(8 * (self.position & 7))
            self.position += 1
            if self.position == Self.rateBytes { self.permute() }
        }
    }

    mutating func squeeze(_ count: Int) -> [UInt8] {
        if !self.isSqueezing {
            // The domain of SHAKE (1111) with the first bit of the padding, and the padding's last bit.
            self.lanes[self.position >> 3] ^= 0x1F << UInt64(8 * (self.position & 7))
            self.lanes[Self.rateBytes / 8 - 1] ^= 0x80 << 56
            self.permute()
            self.isSqueezing = true
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            if self.position == Self.rateBytes { self.permute() }
            bytes.append(UInt8(truncatingIfNeeded: self.lanes[self.position >> 3] >> UInt64(8 * (self.position & 7))))
            self.position += 1
        }
        return bytes
    }

    /// Keccak-f[1600]. While loops and a pointer: this runs some 50,000 times in an unoptimised build.
    private mutating func permute() {
        self.position = 0
        self.lanes.withUnsafeMutableBufferPointer { buffer in
            guard let lanes = buffer.baseAddress else { return }
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 5) { scratch in
                guard let column = scratch.baseAddress else { return }
                var constant: UInt8 = 1
                var round = 0
                while round < 24 {
                    Self.theta(lanes, column)
                    Self.rhoAndPi(lanes)
                    Self.chi(lanes, column)
                    Self.iota(lanes, &constant)
                    round += 1
                }
            }
        }
    }

    private static func theta(_ lanes: UnsafeMutablePointer<UInt64>, _ column: UnsafeMutablePointer<UInt64>) {
        var x = 0
        while x < 5 {
            column[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]
            x += 1
        }
        x = 0
        while x < 5 {
            let next = column[x == 4 ? 0 : x + 1]
            let effect = column[x == 0 ? 4 : x - 1] ^ (next &<< 1 | next &>> 63)
            lanes[x] ^= effect
            lanes[x + 5] ^= effect
            lanes[x + 10] ^= effect
            lanes[x + 15] ^= effect
            lanes[x + 20] ^= effect
            x += 1
        }
    }

    private static func rhoAndPi(_ lanes: UnsafeMutablePointer<UInt64>) {
        // The walk (x, y) -> (y, 2x + 3y) from (1, 0); the t-th step rotates by (t + 1)(t + 2) / 2.
        var moving = lanes[1]
        var x = 1
        var y = 0
        var step = 0
        while step < 24 {
            (x, y) = (y, (2 &* x &+ 3 &* y) % 5)
            let rotation = UInt64(truncatingIfNeeded: (step &+ 1) &* (step &+ 2) / 2 & 63)
            let replaced = lanes[x &+ 5 &* y]
            lanes[x &+ 5 &* y] = moving &<< rotation | moving &>> (64 &- rotation)
            moving = replaced
            step += 1
        }
    }

    private static func chi(_ lanes: UnsafeMutablePointer<UInt64>, _ row: UnsafeMutablePointer<UInt64>) {
        var base = 0
        while base < 25 {
            row.update(from: lanes + base, count: 5)
            lanes[base] = row[0] ^ (~row[1] & row[2])
            lanes[base + 1] = row[1] ^ (~row[2] & row[3])
            lanes[base + 2] = row[2] ^ (~row[3] & row[4])
            lanes[base + 3] = row[3] ^ (~row[4] & row[0])
            lanes[base + 4] = row[4] ^ (~row[0] & row[1])
            base += 5
        }
    }

    /// The round constant's bits come from a linear feedback shift register (FIPS 202, algorithm 5).
    private static func iota(_ lanes: UnsafeMutablePointer<UInt64>, _ register: inout UInt8) {
        var bit: UInt64 = 0
        while bit < 7 {
            if register & 1 == 1 { lanes[0] ^= 1 &<< ((1 &<< bit) &- 1) }
            register = register &<< 1 ^ (register &>> 7 == 1 ? 0x71 : 0)
            bit += 1
        }
    }
}
