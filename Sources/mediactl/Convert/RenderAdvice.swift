import MediaModel

extension RenderError.Code {
    /// What a code means for somebody with the file at hand, and what to do.
    var advice: String {
        switch self {
        case .undecodable: "is damaged, or not what it says it is; repair it or leave it out"
        case .unsupported: "is of a kind that this build does not decode; convert it to another format first"
        case .tooManyPixels: "has too many pixels; raise --image-pixels-max or --image-pixels-total-max if you trust it"
        case .tooManyFrames: "has too many frames; raise --image-frames-max if you trust it"
        case .sideTooLong: "is too wide or too high; raise --image-side-max if you trust it"
        case .deadline: "took too long; raise --render-deadline if you trust it"
        case .crashed: "made the codec crash; leave it out, and report it"
        case .busy: "found no free worker; raise --queue-max"
        default: "could not be rendered; --log-level debug says more"
        }
    }
}
