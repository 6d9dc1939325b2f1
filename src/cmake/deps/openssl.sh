# SPDX-License-Identifier: LGPL-2.1-or-later
# Recipe: libcrypto, static, cut down to what the project calls (SHA-2, HMAC, AES, RAND, EVP).
version=3.0.20-1~deb12u2
tarball=openssl_3.0.20.orig.tar.gz
sha256=c80a01dfc70ece4dc21168932c37739042d404d46ccc81a5986dd75314ecda6f

# The pristine archive: Debian's patched tree does not assemble for i686 mingw.
build()
{
    case $arch in
    x86_64) target=mingw64 ;;
    i686) target=mingw ;;
    esac
    ./Configure $target --cross-compile-prefix=$arch-w64-mingw32- --libdir=lib \
        no-shared no-pinshared no-dso no-engine no-module no-tests no-legacy no-fips no-async \
        no-autoload-config no-ui-console no-ssl no-tls no-dtls no-comp no-ct no-cms no-ts no-ocsp \
        no-srp no-psk no-cmp no-srtp no-nextprotoneg no-rfc3779 no-gost no-multiblock no-dgram \
        no-sock no-aria no-bf no-blake2 no-camellia no-cast no-chacha no-poly1305 no-cmac no-des \
        no-dh no-dsa no-ec no-ec2m no-idea no-md2 no-md4 no-mdc2 no-ocb no-rc2 no-rc4 no-rc5 \
        no-rmd160 no-scrypt no-seed no-siphash no-siv no-sm2 no-sm3 no-sm4 no-whirlpool \
        -O2 -D_WIN32_WINNT=0x0602 $cflags >configure.log
    make -j"$jobs" build_generated libcrypto.a >make.log
    mkdir -p "$prefix/include" "$prefix/lib"
    cp -r include/openssl "$prefix/include/"
    cp libcrypto.a "$prefix/lib/"
}
