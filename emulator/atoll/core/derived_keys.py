"""Key pairs that follow from a secret: the same wherever that is the same, with nothing to be kept or handed round."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from functools import lru_cache
from math import gcd, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_EXPONENT = 65537
_PRIME_BITS = 1024
_ROUNDS = 5
"""Of the Miller-Rabin test, as FIPS 186-4 (table C.3) has it for primes of this size."""
_SIEVED = 4000


def rsa_key(seed: bytes) -> RSAPrivateKey:
    """2048 bits. No library makes an RSA key from a seed, so the primes are searched for here, in numbers that follow
    from it; the rest, and the check of the key, is the library's. Takes part of a second."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    numbers = stream(seed, _PRIME_BITS // 8)
    p = _prime(numbers)
    q = _prime(numbers)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key()


def stream(seed: bytes, size: int) -> Iterator[bytes]:
    """Endlessly many pieces of `size` bytes that follow from `seed`, by HMAC in counter mode."""
    counter = 0
    while True:
        piece = b""
        while len(piece) < size:
            piece += hmac.digest(seed, counter.to_bytes(8, "big"), "sha512")
            counter += 1
        yield piece[:size]


def _prime(numbers: Iterator[bytes]) -> int:
    """A prime whose two top bits are set, so that two of them make a modulus of full length."""
    top = 3 << (_PRIME_BITS - 2)
    for piece in numbers:
        candidate = int.from_bytes(piece, "big") | top | 1
        if gcd(candidate, _small_primes()) == 1 and (candidate - 1) % _EXPONENT and _is_prime(candidate, numbers):
            return candidate
    raise AssertionError("the stream does not end")


@lru_cache(maxsize=1)
def _small_primes() -> int:
    """Their product: most candidates share a factor with it."""
    return prod(n for n in range(3, _SIEVED, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))


def _is_prime(n: int, numbers: Iterator[bytes]) -> bool:
    """The Miller-Rabin test."""
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for _ in range(_ROUNDS):
        x = pow(int.from_bytes(next(numbers), "big") % (n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
