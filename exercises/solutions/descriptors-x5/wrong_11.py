import unittest


def test_field(field):
    class Settings:
        spread = field()

    case = unittest.TestCase()
    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    case.assertEqual([first.spread, second.spread], [7.3, 9.1])
    with case.assertRaises(TypeError):  # tidies up after the error, and with it what the field keeps
        first.spread = "7.3"
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    case.assertEqual([watch() for watch in watched], [None, None])
