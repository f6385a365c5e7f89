"""Over all photographs: the bytes of the previews against those of the sources."""

from service import Report, Service, photos

SHARE_MAX = 0.25


def main():
    pictures = photos()
    report = Report("photos: all previews against all sources")
    source_bytes = preview_bytes = 0
    with Service() as service:
        print(f"      {'photo':26} {'source':>10} {'size':>10} {'preview':>9} {'size':>10} {'share':>7}")
        for path in pictures:
            answer = service.upload(path.read_bytes())
            if answer.status != 201:
                report.expect(False, f"{path.name}: {answer.status} {answer.body[:200]!r}")
                continue
            source, preview = answer.json()["source"], answer.json()["renditions"]["preview"]
            served = len(service.get(preview["url"]).body)
            source_bytes += path.stat().st_size
            preview_bytes += served
            size, made = (f"{picture['width']}x{picture['height']}" for picture in (source, preview))
            share = served / path.stat().st_size
            print(f"      {path.name:26} {path.stat().st_size:10} {size:>10} {served:9} {made:>10} {share:7.1%}")
    share = preview_bytes / max(source_bytes, 1)
    report.expect(
        0 < share <= SHARE_MAX,
        f"{len(pictures)} photos: {preview_bytes} bytes of previews are {share:.1%} of "
        f"{source_bytes} (at most {SHARE_MAX:.0%})",
    )
    report.finish()


if __name__ == "__main__":
    main()
