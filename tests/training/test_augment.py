from __future__ import annotations

import torch

from interact_cli.training.augment import flip, shift

HEIGHT, WIDTH = 5, 4
FILL = torch.tensor([-1.0, -2.0])


def draws():
    return torch.Generator().manual_seed(0)


def images(n):
    return 1 + torch.arange(n * 2 * HEIGHT * WIDTH, dtype=torch.float32).reshape(n, 2, HEIGHT, WIDTH)


def moved(image, down, right):
    """Naive: every pixel looks for its source."""
    out = FILL[:, None, None].expand_as(image).clone()
    for row in range(HEIGHT):
        for column in range(WIDTH):
            source = (row - down, column - right)
            if 0 <= source[0] < HEIGHT and 0 <= source[1] < WIDTH:
                out[:, row, column] = image[:, source[0], source[1]]
    return out


def test_every_image_is_one_of_the_possible_shifts_and_all_occur():
    batch = images(400)
    out = shift(batch, pixels=1, fill=FILL, draws=draws())
    seen = set()
    for before, after in zip(batch, out, strict=True):
        fits = [(d, r) for d in (-1, 0, 1) for r in (-1, 0, 1) if torch.equal(moved(before, d, r), after)]
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) == 9


def test_half_of_the_images_are_mirrored():
    batch = images(400)
    out = flip(batch, draws=draws())
    mirrored = [torch.equal(after, before.flip(2)) for before, after in zip(batch, out, strict=True)]
    same = [torch.equal(after, before) for before, after in zip(batch, out, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert abs(sum(mirrored) - 200) < 5 * 10  # five standard deviations of a fair coin


def test_the_callers_batch_is_left_alone():
    batch = images(8)
    kept = batch.clone()
    flip(batch, draws=draws())
    shift(batch, pixels=2, fill=FILL, draws=draws())
    assert torch.equal(batch, kept)
