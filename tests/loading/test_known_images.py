from bsgrow.loading.dali_decoder import KnownImages


def test_an_image_is_known_by_its_content():
    image, other = b"an image", b"another!"
    known = KnownImages()
    known.add(memoryview(image))
    assert memoryview(bytearray(image)) in known
    assert memoryview(other) not in known, "it is as long"
    assert memoryview(image)[:-1] not in known
