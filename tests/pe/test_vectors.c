/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content information through the API, byte for byte: the computed vectors of
 * spec/content-information.md 12.4 to 12.6, among them the files of Microsoft's test suite. They
 * hold for the secret key that the passphrase "server secret" gives, which is put in place for the
 * time of the test.
 */
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"
#include <bcrypt.h>

#define KEY_PATH \
    L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\PeerDist\\SecurityManager\\Restricted"

static const struct vector {
    const char *name;
    DWORD version;
    bool zeros; /* content is zero bytes; otherwise the pattern */
    DWORD size;
    DWORD offset, length;
    DWORD information_size;
    const char *sha256;
} vectors[] = {
    {"V1-1", 1, false, 1, 0, 0, 134,
     "27bae3940af09090868764c66f4f06dce98694c0b9a7d99bba466c4fdedfc89c"},
    {"V1-2", 1, false, 65536, 0, 0, 134,
     "fcaedb080b3ecb13159f1e5b202144cf840b0a9c5ee1d15c317984f22a252ff0"},
    {"V1-3", 1, false, 65537, 0, 0, 166,
     "7a6aba8d6ab8a201b660a44c24b85123e8c25d1231a4c8e63705eaa96fdefe58"},
    {"V1-7", 1, false, 128000, 102400, 25600, 166,
     "925caba251201337994d0e42cbc8e01ba9b25b46ca95369f481c5e331f028393"},
    {"V1-7, whole", 1, false, 128000, 0, 0, 166,
     "2604c8f6b45ec26740542dd3fa9e8ed5b7fa1ff35916e50371f7d535cde55f99"},
    {"V1-8", 1, false, 128000, 70000, 20000, 166,
     "a405748e6fd72aceda1c0d3be34838e5bd1fe72193273038907aaf4cdc1b31ec"},
    {"V1-4", 1, false, 33554432, 0, 0, 16486,
     "a902170cf0588b14deeff9242f3f049a6547e2f8f8345ae48e22470c51874d93"},
    {"V1-5", 1, false, 33554433, 0, 0, 16602,
     "de76c4d23281b8c0c591ae1ea14f7bdd7fcc70ef8060591ec29e8ca4719710ab"},
    {"V1-6", 1, false, 33754432, 33500000, 150000, 16634,
     "7e2ad6b7165eb10d336ac8ec7b17038a9473c45c4aa3d261fd4efc8f361016cc"},
    {"V2-1", 2, false, 1, 0, 0, 104,
     "b267029a3013b6b5accd3c94af105d010ddda786ac1f96705837bab99698089a"},
    {"M-SingleBlock", 1, true, 10240, 0, 0, 134,
     "ca48bb2208e4de88510832dd2b5712898390a79c55b69e374d591af39ef8b535"},
    {"M-MultipleBlocks", 1, true, 80896, 0, 0, 166,
     "bc6a4f778b2f6ea358a6e73449c2f1677788a52f5878ebfe5aec6fa3be00219c"},
    {"M-MultipleSegments", 1, true, 41943040, 0, 0, 20666,
     "7cd78c0a778eaaac43735d3eb68b0f275268bd2677e63a0e168506e22941cb15"},
};

static HANDLE instance;

/* The key that was there before. */
struct seed {
    HKEY key;
    bool present;
    BYTE bytes[1024];
    DWORD size;
};

static void seed_set(struct seed *seed)
{
    static const WCHAR passphrase[] = L"server secret";
    DWORD type = 0;

    memset(seed, 0, sizeof(*seed));
    require(RegCreateKeyExW(HKEY_LOCAL_MACHINE, KEY_PATH, 0, NULL, 0,
                            KEY_QUERY_VALUE | KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &seed->key,
                            NULL) == 0,
            "the machine", "the key of the server secret cannot be written");
    seed->size = sizeof(seed->bytes);
    seed->present = RegQueryValueExW(seed->key, L"Seed", NULL, &type, seed->bytes, &seed->size) ==
                        ERROR_SUCCESS &&
                    type == REG_BINARY;
    RegSetValueExW(seed->key, L"Seed", 0, REG_BINARY, (const BYTE *)passphrase,
                   sizeof(passphrase) - sizeof(*passphrase));
}

static void seed_restore(struct seed *seed)
{
    if (seed->present)
        RegSetValueExW(seed->key, L"Seed", 0, REG_BINARY, seed->bytes, seed->size);
    else
        RegDeleteValueW(seed->key, L"Seed");
    RegCloseKey(seed->key);
}

static void sha256_hex(const struct blob *blob, char hex[65])
{
    BCRYPT_ALG_HANDLE algorithm = NULL;
    BCRYPT_HASH_HANDLE hash = NULL;
    BYTE digest[32] = {0};
    size_t i;

    BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, NULL, 0);
    BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0);
    BCryptHashData(hash, blob->bytes, (ULONG)blob->size, 0);
    BCryptFinishHash(hash, digest, sizeof(digest), 0);
    BCryptDestroyHash(hash);
    BCryptCloseAlgorithmProvider(algorithm, 0);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void test_vector(const struct vector *vector, const BYTE *data)
{
    struct identifier id = identifier_new();
    struct blob blob = {NULL, 0};
    char hex[65] = "";

    check_equal(publish(instance, &id, data, vector->size), 0, "4.1/publish [D]");
    check_equal(info_fetch(instance, &id, vector->version, vector->offset, vector->length, &blob),
                0, "2.2/Retrieve [D]");
    sha256_hex(&blob, hex);
    check(blob.size == vector->information_size && strcmp(hex, vector->sha256) == 0,
          "(content-information.md 12) vector", "%s: %llu bytes, SHA-256 %s", vector->name,
          (unsigned long long)blob.size, hex);
    blob_fini(&blob);
    check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
}

/* Inserting a byte leaves most version 2.0 segments with their old names: HoD and secret. */
static void test_insertion(void)
{
    enum { SIZE = 8 << 20, SEGMENT = 68, HEADER = 36 };
    struct identifier first = identifier_new();
    struct identifier second = identifier_new();
    BYTE *data = malloc(SIZE + 1);
    struct blob before;
    struct blob after;
    unsigned kept = 0;
    unsigned total = 0;
    uint32_t state = 12345;
    size_t i;
    size_t k;

    require(data != NULL, "the machine", "no memory");
    for (i = 0; i <= SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (BYTE)(state >> 24);
    }
    check_equal(publish(instance, &first, data + 1, SIZE), 0, "4.1/publish [D]");
    check_equal(publish(instance, &second, data, SIZE + 1), 0, "4.1/publish [D]");
    check_equal(info_fetch(instance, &first, 2, 0, 0, &before), 0, "2.2/Retrieve [D]");
    check_equal(info_fetch(instance, &second, 2, 0, 0, &after), 0, "2.2/Retrieve [D]");
    for (i = HEADER; i + SEGMENT <= before.size; i += SEGMENT) {
        total++;
        for (k = HEADER; k + SEGMENT <= after.size; k += SEGMENT)
            if (memcmp(before.bytes + i, after.bytes + k, SEGMENT) == 0)
                break;
        kept += k + SEGMENT <= after.size;
    }
    check(total > 60 && kept * 100 >= total * 90, "5/version 2 borders follow the content [I]",
          "%u of %u segments kept their names", kept, total);
    blob_fini(&before);
    blob_fini(&after);
    unpublish(instance, &first);
    unpublish(instance, &second);
    free(data);
}

int main(void)
{
    struct seed seed;
    DWORD largest = 0;
    BYTE *pattern;
    BYTE *zeros;
    size_t i;

    check_begin("pe.vectors", 110);
    for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
        largest = vectors[i].size > largest ? vectors[i].size : largest;
    pattern = pattern_new(largest);
    zeros = calloc(largest, 1);
    require(zeros != NULL, "the machine", "no memory");
    seed_set(&seed);
    instance = instance_new();
    for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
        test_vector(&vectors[i], vectors[i].zeros ? zeros : pattern);
    test_insertion();
    PeerDistShutdown(instance);
    seed_restore(&seed);
    free(pattern);
    free(zeros);
    return check_end();
}
