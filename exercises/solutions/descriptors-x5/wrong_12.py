def test_field(field):
    assert callable(field)
