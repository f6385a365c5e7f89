import MediaModel

extension Impression {
    init(of picture: SmallPicture, frames: Int) {
        self.init(
            thumbHash: ThumbHash(of: picture),
            colour: DominantColour.find(in: picture),
            attention: Attention.find(in: picture),
            frames: frames
        )
    }
}

/// What a look at a decoded picture told, for those parts of a job that want to know.
struct Look {
    let impression: Impression?
    private let aim: Aim

    /// - Parameters:
    ///   - base: looked at only where the job wants to know something of it.
    ///   - frames: of the source.
    init(_ job: RenderJob, of base: borrowing FrameStrip, frames: Int) throws(RenderError) {
        let isWanted = job.givesImpression || Self.findsAim(of: job)
        self.init(job, isWanted ? try SmallPicture(base) : nil, frames: frames)
    }

    /// - Parameter picture: nil: nothing is to be known but what the job says itself.
    init(_ job: RenderJob, _ picture: SmallPicture?, frames: Int) {
        var aim = job.aim
        self.impression = job.givesImpression ? picture.map { Impression(of: $0, frames: frames) } : nil
        if aim.attention == nil, let picture {
            aim.attention = self.impression?.attention ?? Attention.find(in: picture)
        }
        self.aim = aim
    }

    /// Whether the picture must be looked at to know where to cut: nobody has said so yet.
    static func findsAim(of job: RenderJob) -> Bool {
        job.presets.contains { $0.recipe.gravity != .centre && job.aim.point(for: $0.recipe.gravity) == nil }
    }

    /// Whether the picture had to be looked at when its version was made: of such a version all is made in one way,
    /// also what is made or mended later, when the point is known.
    static func mayFindAim(of job: RenderJob) -> Bool {
        job.presets.contains { preset in
            switch preset.recipe.gravity {
            case .centre: false
            case .focus: job.aim.focus == nil
            case .attention: true
            }
        }
    }

    /// Items whose cuts are where their recipes want them.
    func aimed(_ items: [Plan.Item], in source: PictureSize) -> [Plan.Item] {
        items.map { item in
            guard let point = self.aim.point(for: item.preset.recipe.gravity) else { return item }
            return item.aimed(at: point, in: source)
        }
    }
}

extension Aim {
    /// Nil: the centre, or not known yet.
    fileprivate func point(for gravity: Gravity) -> FocalPoint? {
        switch gravity {
        case .centre: nil
        case .focus: self.focus ?? self.attention
        case .attention: self.attention
        }
    }
}
