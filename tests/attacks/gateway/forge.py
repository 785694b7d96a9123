"""Sealed cookies and states made by hand, with an installation's own keys: what a clock would make them an hour later.

A second implementation of the seals (XAES-256-GCM of C2SP under subkeys by HKDF, RFC 5869), so that it believes nothing of
the program's. AES itself is OpenSSL's, as there is none in Python."""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import secrets
import struct

crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for function in ("EVP_CIPHER_CTX_new", "EVP_aes_256_ecb", "EVP_aes_256_gcm"):
    getattr(crypto, function).restype = ctypes.c_void_p

GET_TAG = 0x10


def cipher(kind, key, nonce, seal, bound, text):
    """One pass; the text and, of GCM, the tag. A tag is not checked: whoever has the keys may look."""
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    size = ctypes.c_int()
    out = ctypes.create_string_buffer(len(text) + 32)
    tag = ctypes.create_string_buffer(16)
    crypto.EVP_CipherInit_ex(context, ctypes.c_void_p(getattr(crypto, kind)()), None, key, nonce, int(seal))
    crypto.EVP_CIPHER_CTX_set_padding(context, 0)
    if bound:
        crypto.EVP_CipherUpdate(context, None, ctypes.byref(size), bound, len(bound))
    crypto.EVP_CipherUpdate(context, out, ctypes.byref(size), text, len(text))
    result = out.raw[:size.value]
    if seal and kind.endswith("gcm"):
        crypto.EVP_CipherFinal_ex(context, out, ctypes.byref(size))
        crypto.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, tag)
    crypto.EVP_CIPHER_CTX_free(context)
    return result, tag.raw


def aes(key, block):
    return cipher("EVP_aes_256_ecb", key, None, True, b"", block)[0]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def message_key(key, nonce):
    zero = int.from_bytes(aes(key, bytes(16)), "big")
    k1 = ((zero << 1 & (1 << 128) - 1) ^ (0x87 if zero >> 127 else 0)).to_bytes(16, "big")
    return b"".join(aes(key, xor(bytes((0, n)) + b"X\0" + nonce[:12], k1)) for n in (1, 2))


class Ring:
    """The first key of a key ring's file."""

    def __init__(self, path):
        with open(path, encoding="ascii") as file:
            text = [line.split()[1] for line in file if line.strip() and not line.startswith("#")][0]
        self.text = text
        self.master = base64.urlsafe_b64decode(text + "=")
        self.id = self.derive("public id", 4)

    def derive(self, info, size=32):
        prk = hmac.digest(b"proofkey key ring 1", self.master, hashlib.sha256)
        return hmac.digest(prk, info.encode() + b"\1", hashlib.sha256)[:size]

    def subkey(self, purpose):
        return self.derive("subkey " + purpose)

    def bound(self, purpose):
        return b"proofkey token 1" + self.id + purpose.encode()

    def seal(self, purpose, plain, bound=None):
        nonce = secrets.token_bytes(24)
        key = message_key(self.subkey(purpose), nonce)
        text, tag = cipher("EVP_aes_256_gcm", key, nonce[12:], True, self.bound(bound or purpose), plain)
        return base64.urlsafe_b64encode(self.id + nonce + text + tag).decode().rstrip("=")

    def open(self, purpose, token):
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        key = message_key(self.subkey(purpose), sealed[4:28])
        return cipher("EVP_aes_256_gcm", key, sealed[16:28], False, self.bound(purpose), sealed[28:-16])[0]

    def session_at(self, cookie, issued, expires):
        """The same session with other times."""
        plain = self.open("session", cookie)
        return self.seal("session", plain[:17] + struct.pack("<qq", issued, expires) + plain[33:])

    def attempt_at(self, state, created):
        """The same attempt, started at another time: after version, id and browser, each text with its length before it."""
        plain = self.open("attempt", state)
        at = 8 + 4 + 16 + 4 + 16
        return self.seal("attempt", plain[:at] + struct.pack("<q", created) + plain[at + 8:])
