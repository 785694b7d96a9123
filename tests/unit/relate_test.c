/*
 * What turns a verifier into a challenge: published pairs, right and wrong, every transform with
 * values that another implementation computed, and properties over many random pairs.
 */
#include "setting.h"

#include "proofkey_explain.h"
#include "base/encode.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

/* The pair of a published client: a verifier of 43 characters and its SHA-256. */
#define V "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns"
#define RIGHT "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8"
#define RIGHT_HEX "e6a178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef"

#define NONE PK_TRANSFORM_NONE
#define IS(transform) PK_TRANSFORM_##transform

struct pair {
	const char *what;
	const char *verifier, *challenge;
	enum pk_transform on_verifier, on_challenge, hash, encoding;
	bool upper_case;
	const char *word;
};

static void assert_pair(const struct pair *pair)
{
	const struct pk_relation got = pk_relate(pk_str(pair->verifier), pk_str(pair->challenge));

	if (!got.found || got.verifier != pair->on_verifier ||
	    got.challenge != pair->on_challenge || got.hash != pair->hash ||
	    got.encoding != pair->encoding || got.upper_case != pair->upper_case ||
	    strcmp(pk_relation_name(&got), pair->word) != 0)
		fail_msg("%s: found %d verifier %d challenge %d hash %d encoding %d upper %d: %s",
			 pair->what, got.found, got.verifier, got.challenge, got.hash, got.encoding,
			 got.upper_case, pk_relation_name(&got));
}

static void assert_pairs(const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_pair(&pairs[i]);
}

#define assert_all(pairs) assert_pairs(pairs, sizeof(pairs) / sizeof((pairs)[0]))

/* clang-format off */
static void published_pairs(void **state)
{
	static const struct pair pairs[] = {
		{"RFC 7636 Appendix B", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		 "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"the same in hex", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		 "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3", NONE, NONE, NONE, IS(HEX), false, "hex"},
		{"a server's tests", "XvkLR4XIl4DbkFz3RLEZUBStp8yIjvF8UtfRv0nkK8DqmrBtWvHmEuyBL2enyLF9",
		 "V0UN9ToT-UnbxeIx7imQdhFjsAZTmuARpHyuD2ajIIo", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"a server's tests", "6nwfKTI6ODJmm89xBbvX0mOLbk0PbLY2sNS2o9vFixHU8hAktkQw3PwJHX1GAf69",
		 "GE8iHoAZ3H6to1ERRDVLx8iJD0XLHF0XjmfxWoAibQE", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"42 characters, which is for others to refuse", "XvkLR4XIl4DbkFz3RLEZUBStp8yIjvF8UtfRv0nkww",
		 "NfzP48kCM-QfPKoR2p-lJvTAG28TR-FlWXqxp7naU8I", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"a client's tests, hex", V, RIGHT_HEX, NONE, NONE, NONE, IS(HEX), false, "hex"},
		{"a question, as sent", "Q6TYgUOmuBlhmw1IgAVSPJQ4t14sf.CdD4f3.ZR2ZLpCumYzIkMD4b7-DFwoffCs",
		 "RtCijE5rcEGI6whAhWqZ_IYU2IXriofWoGPBYlEaRCQ", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"a question, as answered", "Q6TYgUOmuBlhmw1IgAVSPJQ4t14sf.CdD4f3.ZR2ZLpCumYzIkMD4b7-DFwoffCs",
		 "46d0a28c4e6b704188eb0840856a99fc8614d885eb8a87d6a063c162511a4424", NONE, NONE, NONE, IS(HEX), false, "hex"},
		{"a real wrong pair", "d2OJlOfGOolT1tZoKKhrpYttdAfUR969P0NWY3wjGBzc6Ii0Bcksc7TMso8N2JHacQQTiMjJjUcBLszsrI5UG6xo5bzySrXjYRIFTnPxNVS",
		 "OWE3MjM1YTExMWJlODlkMWRlYTU0ZTM2YjlhMWUyNTkxNGQ4N2EyYWFjYmRmZGYyYzY0YTEwMGRmZjEyZGY5Ng",
		 NONE, NONE, NONE, IS(BASE64URL_OF_HEX), false, "base64url-of-hex"},
		{"its right one", "d2OJlOfGOolT1tZoKKhrpYttdAfUR969P0NWY3wjGBzc6Ii0Bcksc7TMso8N2JHacQQTiMjJjUcBLszsrI5UG6xo5bzySrXjYRIFTnPxNVS",
		 "mnI1oRG-idHepU42uaHiWRTYeiqsvf3yxkoQDf8S35Y", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"another real wrong pair", "6e5ec79163ee989be79fa7a542f599d0e7c77038c8620aa44170217c",
		 "ZTE4MTMxZGRlMjA2ZGJiZjAyNTMyZjU3NjM0MThmOTkxYTQ4Y2EyZjFhY2Y1NjRmOGI1YWE1ZjJhYTRkYTE3Ng",
		 NONE, NONE, NONE, IS(BASE64URL_OF_HEX), false, "base64url-of-hex"},
		{"its right one", "6e5ec79163ee989be79fa7a542f599d0e7c77038c8620aa44170217c",
		 "4YEx3eIG278CUy9XY0GPmRpIyi8az1ZPi1ql8qpNoXY", NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
	};

	(void)state;
	assert_all(pairs);
}

static void writings(void **state)
{
	static const struct pair pairs[] = {
		{"base64url", V, RIGHT,
		 NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"padded", V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8=",
		 NONE, NONE, NONE, IS(BASE64URL_PADDED), false, "base64url-padded"},
		{"standard", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns1", "7ngoNoX+PqqW/PtzHbQ4nidvdFbdNyJv15y+i8ZnOP4",
		 NONE, NONE, NONE, IS(BASE64), false, "base64"},
		{"standard, padded", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns1", "7ngoNoX+PqqW/PtzHbQ4nidvdFbdNyJv15y+i8ZnOP4=",
		 NONE, NONE, NONE, IS(BASE64), false, "base64"},
		{"standard, the + as a space", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns1", "7ngoNoX PqqW/PtzHbQ4nidvdFbdNyJv15y i8ZnOP4=",
		 NONE, NONE, NONE, IS(BASE64), false, "base64"},
		{"padded, the same in both alphabets", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns3", "OQ9TOPZebFY5cmZP8inpkkoV3AGFMD5ekNrHW86cN7c=",
		 NONE, NONE, NONE, IS(BASE64URL_PADDED), false, "base64url-padded"},
		{"hex", V, RIGHT_HEX,
		 NONE, NONE, NONE, IS(HEX), false, "hex"},
		{"hex in upper case", V, "E6A178B120743D08509508F269652B0BDF91E29332921BC9E9744FD3DD41BFEF",
		 NONE, NONE, NONE, IS(HEX), true, "hex"},
		{"base64url of hex", V, "ZTZhMTc4YjEyMDc0M2QwODUwOTUwOGYyNjk2NTJiMGJkZjkxZTI5MzMyOTIxYmM5ZTk3NDRmZDNkZDQxYmZlZg",
		 NONE, NONE, NONE, IS(BASE64URL_OF_HEX), false, "base64url-of-hex"},
		{"base64 of hex, padded", V, "ZTZhMTc4YjEyMDc0M2QwODUwOTUwOGYyNjk2NTJiMGJkZjkxZTI5MzMyOTIxYmM5ZTk3NDRmZDNkZDQxYmZlZg==",
		 NONE, NONE, NONE, IS(BASE64URL_OF_HEX), false, "base64url-of-hex"},
		{"base64url of hex in upper case", V, "RTZBMTc4QjEyMDc0M0QwODUwOTUwOEYyNjk2NTJCMEJERjkxRTI5MzMyOTIxQkM5RTk3NDRGRDNERDQxQkZFRg",
		 NONE, NONE, NONE, IS(BASE64URL_OF_HEX), true, "base64url-of-hex"},
		{"plain", V, V,
		 NONE, NONE, IS(PLAIN), NONE, false, "plain"},
		{"plain, encoded", V, "Z2FlQ3E1bVZ2YmhBOENlNnc1TzlYQlZJS01reVNndi1fOUEtcm5obTlOcw",
		 NONE, NONE, IS(PLAIN), IS(BASE64URL), false, "plain"},
	};

	(void)state;
	assert_all(pairs);
}

static void hashes(void **state)
{
	static const struct pair pairs[] = {
		{"bytes of base64url", V, "eM4VoTrTMIxmq7l-UGbflJ_54djfHkvNXKzlqLP8reU",
		 IS(RAW_BYTES), NONE, NONE, IS(BASE64URL), false, "raw-bytes"},
		{"bytes of hex", RIGHT_HEX, "PkgK96EKf12XGNAWcIvbous0DdRU_lEpk2dTu74byPc",
		 IS(RAW_BYTES), NONE, NONE, IS(BASE64URL), false, "raw-bytes"},
		{"bytes of standard base64", "Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8+", "y5bgTn09PEc3_3QE_Om_j2-fm_6hZ4tFqJAgck_TxDE",
		 IS(RAW_BYTES), NONE, NONE, IS(BASE64URL), false, "raw-bytes"},
		{"bytes, in hex", V, "78ce15a13ad3308c66abb97e5066df949ff9e1d8df1e4bcd5cace5a8b3fcade5",
		 IS(RAW_BYTES), NONE, NONE, IS(HEX), false, "raw-bytes"},
		{"twice", V, "PkgK96EKf12XGNAWcIvbous0DdRU_lEpk2dTu74byPc",
		 NONE, NONE, IS(DOUBLE), IS(BASE64URL), false, "double"},
		{"twice, over hex", V, "jVBWyrmJYxNT6WER5n2dEaB35UPz7ELVh3gS0pO6NPQ",
		 NONE, NONE, IS(DOUBLE), IS(BASE64URL), false, "double"},
		{"twice, in hex", V, "3e480af7a10a7f5d9718d016708bdba2eb340dd454fe5129936753bbbe1bc8f7",
		 NONE, NONE, IS(DOUBLE), IS(HEX), false, "double"},
		{"sha1", V, "n4ZqvS49FP-Jw8mIwJ4hPq4_Cak",
		 NONE, NONE, IS(SHA1), IS(BASE64URL), false, "sha1"},
		{"sha1 in hex", V, "9f866abd2e3d14ff89c3c988c09e213eae3f09a9",
		 NONE, NONE, IS(SHA1), IS(HEX), false, "sha1"},
		{"sha512", V, "M4o1C11pGhf2AcDRss56S-lmkY6MK2mtReFPK9vPyKhdi9a56Zh0e-WbVYjidZVrDSeotxYkL63-k4jPoP8IMQ",
		 NONE, NONE, IS(SHA512), IS(BASE64URL), false, "sha512"},
		{"sha512 in hex", V, "338a350b5d691a17f601c0d1b2ce7a4be966918e8c2b69ad45e14f2bdbcfc8a85d8bd6b9e998747be59b5588e275956b0d27a8b716242fadfe9388cfa0ff0831",
		 NONE, NONE, IS(SHA512), IS(HEX), false, "sha512"},
		{"md5", V, "ta-4uUGVL0bafiI9v8z08A",
		 NONE, NONE, IS(MD5), IS(BASE64URL), false, "md5"},
		{"md5 in hex", V, "b5afb8b941952f46da7e223dbfccf4f0",
		 NONE, NONE, IS(MD5), IS(HEX), false, "md5"},
	};

	(void)state;
	assert_all(pairs);
}

static void utf16(void **state)
{
	static const struct pair pairs[] = {
		{"little-endian", V, "ZSV5i0JDLV3X5xE8TeRR-jiCV_Op4-zli5lv7shzXkE",
		 IS(UTF16), NONE, NONE, IS(BASE64URL), false, "utf16"},
		{"little-endian with its mark", V, "yodoPwLRvZmQQoJ1U35F6Z5-Auaq1M9al6h7wPwGPAQ",
		 IS(UTF16), NONE, NONE, IS(BASE64URL), false, "utf16"},
		{"big-endian", V, "k-o13BruI7DOxPJ5RrRXKJQu-wtsfpgmcZWjfsiH3qA",
		 IS(UTF16), NONE, NONE, IS(BASE64URL), false, "utf16"},
		{"big-endian with its mark", V, "cSWSoOtc-tRWt7Dgw-UoAHvV66s2gPrYC23iCFQQJI4",
		 IS(UTF16), NONE, NONE, IS(BASE64URL), false, "utf16"},
		{"in hex", V, "6525798b42432d5dd7e7113c4de451fa388257f3a9e3ece58b996feec8735e41",
		 IS(UTF16), NONE, NONE, IS(HEX), false, "utf16"},
	};

	(void)state;
	assert_all(pairs);
}

static void digests_as_text(void **state)
{
	static const struct pair pairs[] = {
		{"UTF-8, replaced", V, "77-9eO-_vSB0PQhQ77-9CO-_vWllKwvfke-_vTLvv70b77-977-9dE_vv73vv71B77-977-9",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"seven bits", V, "ZiF4MSB0PQhQFQhyaWUrC18RYhMyEhtJaXRPU11BP28",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"ISO 8859-1 as UTF-8", V, "w6bCoXjCsSB0PQhQwpUIw7JpZSsLw5_CkcOiwpMywpIbw4nDqXRPw5PDnUHCv8Ov",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"ASCII, question marks", V, "Pz94PyB0PQhQPwg_aWUrCz8_Pz8yPxs_P3RPPz9BPz8",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"ASCII, replaced", V, "77-977-9eO-_vSB0PQhQ77-9CO-_vWllKwvvv73vv73vv73vv70y77-9G--_ve-_vXRP77-977-9Qe-_ve-_vQ",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"UTF-8, dropped", V, "eCB0PQhQCGllKwvfkTIbdE9B",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"ASCII, dropped", V, "eCB0PQhQCGllKwsyG3RPQQ",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"numbers", V, "MjMwLDE2MSwxMjAsMTc3LDMyLDExNiw2MSw4LDgwLDE0OSw4LDI0MiwxMDUsMTAxLDQzLDExLDIyMywxNDUsMjI2LDE0Nyw1MCwxNDYsMjcsMjAxLDIzMywxMTYsNzksMjExLDIyMSw2NSwxOTEsMjM5",
		 NONE, NONE, IS(TEXT), IS(BASE64URL), false, "text"},
		{"numbers, not encoded", V, "230,161,120,177,32,116,61,8,80,149,8,242,105,101,43,11,223,145,226,147,50,146,27,201,233,116,79,211,221,65,191,239",
		 NONE, NONE, IS(TEXT), NONE, false, "text"},
		{"UTF-8, replaced, standard", V, "77+9eO+/vSB0PQhQ77+9CO+/vWllKwvfke+/vTLvv70b77+977+9dE/vv73vv71B77+977+9",
		 NONE, NONE, IS(TEXT), IS(BASE64), false, "text"},
	};

	(void)state;
	assert_all(pairs);
}

static void whitespace(void **state)
{
	static const struct pair pairs[] = {
		{"line end hashed", V, "Vtrch5wXN5AbMGzpVEmHSF8_srQ8idRtP83_aEn47n0",
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"line end sent", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\n", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"line end before it, sent", "\ngaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"line end on the challenge", V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\n",
		 NONE, IS(WHITESPACE), NONE, IS(BASE64URL), false, "whitespace"},
		{"CR LF hashed", V, "J494R9sbtFEnqaQ8yHjl1824rx6JJ5DVQgfcQVlU7ko",
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"CR LF sent", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\r\n", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"CR LF before it, sent", "\r\ngaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"CR LF on the challenge", V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\r\n",
		 NONE, IS(WHITESPACE), NONE, IS(BASE64URL), false, "whitespace"},
		{"space hashed", V, "KsO-OtzAhYf9JcLhthddCqjT8HyZS1kqwufYqn6MYbo",
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"space sent", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns ", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"space before it, sent", " gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"space on the challenge", V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8 ",
		 NONE, IS(WHITESPACE), NONE, IS(BASE64URL), false, "whitespace"},
		{"tab hashed", V, "niqoDXlwqj6yQGzD-3SDfOAEVnFd2UXjtzMZtOoJu4E",
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"tab sent", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\t", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"tab before it, sent", "\tgaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"tab on the challenge", V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\t",
		 NONE, IS(WHITESPACE), NONE, IS(BASE64URL), false, "whitespace"},
		{"byte order mark hashed", V, "pLP2AUr8vHJvfvhaJvZLC63bgLwZnPmnccGoQnT9rFk",
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"byte order mark sent", "\357\273\277gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"byte order mark and line end sent", "\357\273\277gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\r\n", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"no-break space sent", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\302\240", RIGHT,
		 IS(WHITESPACE), NONE, NONE, IS(BASE64URL), false, "whitespace"},
		{"byte order mark on the challenge", V, "\357\273\2775qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8",
		 NONE, IS(WHITESPACE), NONE, IS(BASE64URL), false, "whitespace"},
		{"line end hashed, in hex", V, "56dadc879c1737901b306ce9544987485f3fb2b43c89d46d3fcdff6849f8ee7d",
		 IS(WHITESPACE), NONE, NONE, IS(HEX), false, "whitespace"},
		{"line end hashed, by md5sum", V, "2139b30056d0e7b56c6cdf76febc0b1a",
		 IS(WHITESPACE), NONE, IS(MD5), IS(HEX), false, "whitespace"},
	};

	(void)state;
	assert_all(pairs);
}

static void quotes(void **state)
{
	static const struct pair pairs[] = {
		{"double quotes, hashed", V, "KRIx30TgJR72Pi1b0WzHA91JtIxFvnzCyh65RjI7_pY",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"double quotes, sent", "\"gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\"", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"double quotes, on the challenge", V, "\"5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\"",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"single quotes, hashed", V, "0wh68O554xet-GeZhgJPNgc05Qu0ZPW3_ie7gwfIaQI",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"single quotes, sent", "'gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns'", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"single quotes, on the challenge", V, "'5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8'",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"backquotes, hashed", V, "bp9bhDNbIppwCYYrfBPAKEl2VZg_0FQ2djfBsv4ZoYQ",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"backquotes, sent", "`gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns`", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"backquotes, on the challenge", V, "`5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8`",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"bytes, hashed", V, "7bfjEiI7AfNSplhapSdZRwZVfxagPprmVtd1G3g2P5s",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"bytes, sent", "b'gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns'", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"bytes, on the challenge", V, "b'5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8'",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"bytes, hashed", V, "_oBNcsBb8VvweOs2c1qIWiicPNZ3mmqYwhWdg0NtQ6w",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"bytes, sent", "b\"gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\"", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"bytes, on the challenge", V, "b\"5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\"",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"a set, hashed", V, "4SxbrtHPel-SGt_HlNPw__K5UWRx7k9J5TmLUcM3zOQ",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"a set, sent", "{'gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns'}", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"a set, on the challenge", V, "{'5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8'}",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"a list, hashed", V, "fhFe3M7FBmpEwR3ROCMrERtBVyXDAeSNgcqRNHDOI00",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"a list, sent", "[\"gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\"]", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"a list, on the challenge", V, "[\"5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\"]",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"angles, hashed", V, "DAyerMRnS39l22_lJQ1qSCetcUK6ncpTws1vHz5GGwo",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"angles, sent", "<gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns>", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"angles, on the challenge", V, "<5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8>",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"a line of JSON, hashed", V, "DZPW7lSOUu-mv7ovyq5ZGYw2LmtJ5gxCT7TeunWBcn4",
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"a line of JSON, sent", "\"gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\"\n", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"a line of JSON, on the challenge", V, "\"5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8\"\n",
		 NONE, IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
		{"a line of a program, sent", "\"gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns\";", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"half of a tuple, sent", "('gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns',", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"on both", "'gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns'", "'5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8'",
		 IS(QUOTES), IS(QUOTES), NONE, IS(BASE64URL), false, "quotes"},
	};

	(void)state;
	assert_all(pairs);
}

static void percent(void **state)
{
	static const struct pair pairs[] = {
		{"sent encoded twice", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm%7Ex%7Ey", "8C4pcksVFcvLQOJP-zWsOeyjCKFvyH7dFQiKFlZNqC4",
		 IS(PERCENT), NONE, NONE, IS(BASE64URL), false, "percent"},
		{"hashed encoded", "7ngoNoX+PqqW/PtzHbQ4nidvdFbdNyJv15y+i8ZnOP4=", "YIdCR9np-ple6TUcWbLOXQkbBDwMZ8IzqTWMplGTbhs",
		 IS(PERCENT), NONE, NONE, IS(BASE64URL), false, "percent"},
		{"sent encoded twice, + and /", "7ngoNoX%2BPqqW%2FPtzHbQ4nidvdFbdNyJv15y%2Bi8ZnOP4%3D", "lGUvW1JRnyxeUePvDmFg6bWzjvUfeK1l9_OWgqmcQqE",
		 IS(PERCENT), NONE, NONE, IS(BASE64URL), false, "percent"},
		{"a + sent as it is", "7ngoNoX PqqW/PtzHbQ4nidvdFbdNyJv15y i8ZnOP4=", "lGUvW1JRnyxeUePvDmFg6bWzjvUfeK1l9_OWgqmcQqE",
		 IS(PERCENT), NONE, NONE, IS(BASE64URL), false, "percent"},
		{"quotes, encoded twice", "%22gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns%22", RIGHT,
		 IS(QUOTES), NONE, NONE, IS(BASE64URL), false, "quotes"},
		{"the challenge encoded twice", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns1", "7ngoNoX%2BPqqW%2FPtzHbQ4nidvdFbdNyJv15y%2Bi8ZnOP4%3D",
		 NONE, IS(PERCENT), NONE, IS(BASE64), false, "percent"},
	};

	(void)state;
	assert_all(pairs);
}

static void truncation(void **state)
{
	static const struct pair pairs[] = {
		{"its first 32 hashed", V, "OzGrItfKYmaS9hAmkzfcqsSGEbdSucWJTIyyncNLYBA",
		 IS(TRUNCATED), NONE, NONE, IS(BASE64URL), false, "truncated"},
		{"its first 16 hashed", V, "mVMkdKOtKsUCGwcdirPUTzcL7OGUr1t1HDitfCg6y8Q",
		 IS(TRUNCATED), NONE, NONE, IS(BASE64URL), false, "truncated"},
		{"all but one hashed", V, "k0kpuWuI7oGK2RYKxhy8r3WJVa3hz2hTSwMDQbo-VK4",
		 IS(TRUNCATED), NONE, NONE, IS(BASE64URL), false, "truncated"},
		{"all but one sent", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9N", RIGHT,
		 IS(TRUNCATED), NONE, NONE, IS(BASE64URL), false, "truncated"},
		{"all but one sent, hex", "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9N", RIGHT_HEX,
		 IS(TRUNCATED), NONE, NONE, IS(HEX), false, "truncated"},
	};

	(void)state;
	assert_all(pairs);
}

/* Published digests of what programs hash when they have no verifier. */
static void nothing_hashed(void **state)
{
	static const struct pair pairs[] = {
		{"empty", "", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
		 NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"undefined", "undefined", "6wRdeNJzEHNIsDAMAdKbdVLWIqu8b6-Bs-xVNZqplQw",
		 NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"null", "null", "dCNOmK_nSY-12vHzasLXiswzlGT5UHA7jAGYkvmCuQs",
		 NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"an object", "[object Object]", "soyUshlcjtJZ8LQVqu4_ObCykgpFN2EUmfoESVaReiE",
		 NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
		{"a promise", "[object Promise]", "tOYGAAa5ILwCERDqirjWd0SYPit_914ci-VhOvk_aH0",
		 NONE, NONE, NONE, IS(BASE64URL), false, "base64url"},
	};

	(void)state;
	assert_all(pairs);
}
/* clang-format on */

static void nothing_relates_what_does_not_belong(void **state)
{
	/* clang-format off */
	static const struct { const char *verifier, *challenge; } pairs[] = {
		{V, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		{V, "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"},
		{V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-9"}, /* bits beyond the last byte */
		{V, "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-"},
		{V, RIGHT "AAAA"},
		{V, "e6A178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef"}, /* both cases */
		{V, ""},
		{"", RIGHT},
		{"", ""},
		{V, "="},
		{V, "%"},
		{V, ","},
		{V, "\n"},
		{"\n", RIGHT},
		{"'", "'"  "x"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pk_relation got =
			pk_relate(pk_str(pairs[i].verifier), pk_str(pairs[i].challenge));

		assert_false(got.found);
		assert_string_equal(pk_relation_name(&got), "none");
	}
	assert_false(pk_relate(pk_str(NULL), PK_STR(RIGHT)).found);
	assert_false(pk_relate(PK_STR(V), pk_str(NULL)).found);
}

/* What has no bound in a capture has one here: 512 characters on either side. */
static void sizes(void **state)
{
	static char text[2048];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t len = 500; len < sizeof(text); len += 12) {
		const struct pk_str long_text = {text, len};

		assert_int_equal(pk_relate(long_text, long_text).found, len <= 512);
		assert_false(pk_relate(long_text, PK_STR(RIGHT)).found);
		assert_false(pk_relate(PK_STR(V), long_text).found);
	}
}

/* ---- Properties ---- */

#define ROUNDS 10000

/* The same bytes in each run, other ones in each round. */
static void random_bytes(uint32_t round, uint8_t *bytes, size_t size)
{
	uint8_t seed[randombytes_SEEDBYTES] = {(uint8_t)round, (uint8_t)(round >> 8),
					       (uint8_t)(round >> 16)};

	randombytes_buf_deterministic(bytes, size, seed);
}

static void each_right_pair_is_right(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint8_t entropy[PK_ENTROPY_MAX];
		const size_t size = PK_ENTROPY_MIN + round % (PK_ENTROPY_MAX - PK_ENTROPY_MIN + 1);
		const bool hex = round & 1;
		struct pk_verifier verifier;
		struct pk_challenge challenge;
		struct pk_relation got;

		random_bytes(round, entropy, size);
		assert_err(pk_verifier_make(entropy, size, &verifier), PK_OK);
		pk_challenge_make(&verifier, hex ? PK_CHALLENGE_HEX : PK_CHALLENGE_BASE64URL,
				  &challenge);
		got = pk_relate(pk_verifier_str(&verifier), pk_challenge_str(&challenge));
		assert_true(got.found && !got.verifier && !got.challenge && !got.hash);
		assert_int_equal(got.encoding, hex ? IS(HEX) : IS(BASE64URL));
		assert_false(got.upper_case);
	}
}

static void a_random_challenge_is_of_nothing(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < ROUNDS / 10; round++) {
		static const size_t sizes_of_hashes[] = {16, 20, 32, 32, 32, 64};
		uint8_t bytes[64];
		char memory[128];
		struct pk_buf challenge = pk_buf(memory, sizeof(memory));

		random_bytes(round, bytes, sizeof(bytes));
		if (round & 1)
			pk_hex_encode(&challenge, bytes, sizes_of_hashes[round % 6]);
		else
			pk_base64url_encode(&challenge, bytes, sizes_of_hashes[round % 6]);
		assert_false(pk_relate(PK_STR(V), pk_buf_str(&challenge)).found);
	}
}

static double milliseconds(struct pk_str verifier, struct pk_str challenge)
{
	enum { TIMES = 200 };
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < TIMES; i++)
		assert_false(pk_relate(verifier, challenge).found);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e3 +
		(double)(to.tv_nsec - from.tv_nsec) / 1e6) /
	       TIMES;
}

/* The whole search, found nothing, with the longest texts. The bound leaves room for builds that
 * check memory. */
static void the_whole_search_is_quick(void **state)
{
	char memory[512];
	const double usual =
		milliseconds(PK_STR(V), PK_STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
	double longest;

	(void)state;
	memset(memory, '%', sizeof(memory));
	for (size_t i = 0; i + 3 <= sizeof(memory); i += 3)
		memcpy(memory + i, "%41", 3);
	longest = milliseconds(
		(struct pk_str){memory, 510},
		PK_STR("13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"));
	print_message("# %.3f ms for a usual pair, %.3f ms for the longest\n", usual, longest);
	assert_true(usual < 20 && longest < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_pairs),
		cmocka_unit_test(writings),
		cmocka_unit_test(hashes),
		cmocka_unit_test(utf16),
		cmocka_unit_test(digests_as_text),
		cmocka_unit_test(whitespace),
		cmocka_unit_test(quotes),
		cmocka_unit_test(percent),
		cmocka_unit_test(truncation),
		cmocka_unit_test(nothing_hashed),
		cmocka_unit_test(nothing_relates_what_does_not_belong),
		cmocka_unit_test(sizes),
		cmocka_unit_test(each_right_pair_is_right),
		cmocka_unit_test(a_random_challenge_is_of_nothing),
		cmocka_unit_test(the_whole_search_is_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
