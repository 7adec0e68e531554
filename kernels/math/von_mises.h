/* von_mises.h: the normaliser of the von Mises density, log(I0(k) e^-k) for k >= 0, its derivatives
 * r - 1 and r' = 1 - r^2 - r / k, and r = I1 / I0 itself.
 *
 *   log(I0 e^-k) = -[log(1 + k) / 2 + k p(x) / (1 + k)]      two terms of one sign
 *   r = k p(x) / (1 + k),   1 - r = p(x) / (1 + k),   r' = p(x) / (1 + k)^2
 *
 * with a polynomial p of its own each, so that nothing cancels: 1 - r and r' keep their digits
 * where r is nearly 1.  The polynomials have four pieces, [0, 1.4), [1.4, 4), [4, 12) and [12,
 * inf), of which every lane takes its own coefficients; x is k in the first and 1 / (k + 3) in the
 * others, less the middle there.  For float results it is eight pieces of equal width in 1 / (k +
 * 3) and degree 8 to 10, a table look-up for each coefficient; x runs from -1/2 to 1/2 in each.
 * Coefficients: docs/coefficients/special.py. */
#ifndef NLL_MATH_VON_MISES_H
#define NLL_MATH_VON_MISES_H

#include "math/log1pmx.h"
#include "math/poly.h"
#include "math/want.h"

#if defined(NLL_T_F64)
enum { PIECES = 4 };
static const double von_mises_middle[PIECES] = {0x0.0p+0, 0x1.7b03531dec0d5p-3,
                                                0x1.ad1ad1ad1ad1bp-4, 0x1.1111111111111p-5};
/* degree 20, relative errors 2^[-52.7, -56.1, -58.5, -55.4] */
static const double von_mises_value[][PIECES] = {
    {0x1.0000000000000p-1, 0x1.e858f0f5b50f1p-1, 0x1.e81969d678da4p-1, 0x1.dbc307fd1e136p-1},
    {0x1.00000000000e8p-1, -0x1.60f77cf3d50c4p-1, 0x1.4c18994f03cb5p-2, 0x1.4a56dc44a5841p-2},
    {-0x1.555555556dbf5p-3, -0x1.cf28089e0cabfp+3, -0x1.d19215ef2c561p-1, 0x1.97b03a4531330p-2},
    {-0x1.aaaaaa89ee87cp-6, -0x1.22ef5aa6e19ffp+6, -0x1.2129b384aebd3p+4, -0x1.14ac24044deecp+0},
    {0x1.4ccccb574988ep-5, 0x1.ca9c0ba5dce59p+7, -0x1.61b3a7b3c278bp+7, -0x1.9928264d79296p+3},
    {-0x1.2d82af332a5ccp-6, 0x1.8d82a9a027a88p+11, -0x1.351338b09fab2p+10, -0x1.436883516e5b7p+6},
    {0x1.4d31ce35f1632p-7, -0x1.41b3ac86e7181p+12, -0x1.2b82ee1f53864p+11, -0x1.be951b6f7e8a9p+8},
    {-0x1.1d28ac4bdb54dp-7, -0x1.b567d37ae0468p+16, 0x1.fef63746e1c50p+15, -0x1.2e3c04106e84cp+11},
    {0x1.d4fd1a19c4643p-8, 0x1.6f5bcf134843ep+17, 0x1.10b8aa5b70cf2p+19, -0x1.ab181f83f6c71p+13},
    {-0x1.6b1c47ad544e1p-8, 0x1.876346d304293p+21, -0x1.450577c0c903ap+21, -0x1.4b8d88d705b05p+16},
    {0x1.1ee78ab0abff2p-8, -0x1.4f7ad0a71fba0p+22, -0x1.3c929db67b6c5p+25, -0x1.288ce21b403bdp+19},
    {-0x1.c53f93a255f61p-9, -0x1.152fda0618f17p+26, 0x1.b0195c6d5acb0p+27, -0x1.3eb835d4485fap+22},
    {0x1.5236ec588587ap-9, -0x1.9a93e41caa80dp+22, 0x1.1fab95b8193ecp+31, -0x1.914215acecc10p+25},
    {-0x1.c8b47c23dd7c5p-10, 0x1.b07c91cc1fd15p+30, -0x1.95a5d7215d886p+34, -0x1.2fc562d10414dp+29},
    {0x1.0ca9812013fc0p-10, 0x1.079e7b51f306dp+33, -0x1.9bfab566f612ap+35, -0x1.d69bbb826308fp+33},
    {-0x1.088a46f098af0p-11, -0x1.1e94283fa0972p+36, 0x1.2ad646983d3d5p+41, -0x1.7113fd659cd20p+38},
    {0x1.a163a408a848ep-13, -0x1.694e6ca8478e0p+38, -0x1.5771a18a42712p+43, -0x1.bd792ae3e425bp+38},
    {-0x1.f5725648efebep-15, 0x1.5f368e67de0edp+41, -0x1.04fcd4f930ba9p+47, 0x1.66c5d94c8223fp+47},
    {0x1.ababc933365c5p-17, 0x1.065ed03b3c6d4p+43, 0x1.a9c11ed5ccb68p+50, 0x1.238ebcd192e0dp+51},
    {-0x1.cb309860d70c8p-20, -0x1.c510bc31ce986p+45, 0x1.fc79e7afffa0cp+50, -0x1.5bb006d1410dbp+54},
    {0x1.d135ec1a5138dp-24, -0x1.5a52d0547f76ep+47, -0x1.816afbfdffea5p+56,
     -0x1.a887c7e8e8c32p+58}};
/* degree 18, relative errors 2^[-51.9, -55.7, -52.9, -55.0] */
static const double von_mises_ratio[][PIECES] = {
    {0x1.0000000000000p-1, 0x1.115cc1884da34p+0, 0x1.0f867b13fc526p+0, 0x1.0484917299106p+0},
    {0x1.000000000011bp-1, -0x1.0d45300a95093p+0, 0x1.34bd1efd6cce8p-1, 0x1.1e170f62a1ff8p-1},
    {-0x1.000000002f005p-4, -0x1.7325a2a60be41p+4, -0x1.296e2c9559725p+0, 0x1.b9e4761cf4071p-1},
    {-0x1.fffffff3a78d8p-5, -0x1.7b624e3da25c5p+6, -0x1.e7d286d47ece8p+4, -0x1.088ef4dd751f4p+0},
    {0x1.555551ea82c36p-7, 0x1.64f6093c30ca0p+9, -0x1.3e4ec55fc74ffp+8, -0x1.3811c46b169c9p+4},
    {0x1.55557a2293eaep-7, 0x1.7ffcd5e81faf9p+12, -0x1.1a73320598874p+11, -0x1.0eef4e5d0f0cep+7},
    {-0x1.d55d85df88fd3p-10, -0x1.74728ff85b330p+14, -0x1.b1c1f86503c62p+11, -0x1.8a6046f6399f5p+9},
    {-0x1.d52ca74328cdbp-10, -0x1.14b9d57066751p+18, 0x1.0e4de421b5acdp+17, -0x1.14e2d69608786p+12},
    {0x1.41fc76a9a163ep-12, 0x1.85b491d68f7acp+19, 0x1.178d5d8bd92cep+20, -0x1.91f9029329047p+14},
    {0x1.4a4e9c466ec51p-12, 0x1.474408339c8a8p+23, -0x1.484c0c1937463p+22, -0x1.3ebf341afe008p+17},
    {-0x1.1005a058d83eep-14, -0x1.2cb56a5de383cp+24, -0x1.4354374307074p+26,
     -0x1.22517a6bdd3b5p+20},
    {-0x1.333fdd9bfa590p-15, -0x1.5d4465e15ae25p+28, 0x1.9fc421d64a15cp+28, -0x1.2a0dcae131e50p+23},
    {-0x1.3152979216c10p-17, -0x1.82f8025cb4a98p+23, 0x1.195862deba304p+32, -0x1.5ba64432d6143p+26},
    {0x1.8906a4c915324p-16, 0x1.8b600fadc711bp+33, -0x1.93e49dfa55bdbp+35, -0x1.d4372572b7911p+30},
    {-0x1.20800c3374d8bp-17, 0x1.c046a4a38133dp+34, -0x1.8bc33a5a7e6f9p+36, -0x1.64ca5c5913140p+35},
    {-0x1.089bafa3046dfp-22, -0x1.e0dca127d15edp+38, 0x1.29bbc20f333a9p+42, -0x1.93c94d9292ddfp+37},
    {0x1.0e1af11ae39cdp-20, -0x1.7c90a9bb11dc4p+40, -0x1.1a489e3fd99bep+44, 0x1.51a544a883766p+43},
    {-0x1.2dc14a444a365p-22, 0x1.b74e1bec8d96cp+43, -0x1.da76247ba2199p+47, 0x1.eea4857da876cp+46},
    {0x1.cf86df196bfadp-26, 0x1.62f7776a11c94p+45, 0x1.f2d2df6070fe3p+50, -0x1.52e523470b251p+47}};
/* degree 19, relative errors 2^[-52.6, -53.8, -53.3, -53.1] */
static const double von_mises_complement[][PIECES] = {
    {0x1.0000000000000p+0, 0x1.ac89fae11187fp-1, 0x1.34c26efa5eb2cp-1, 0x1.0c0951d3b68bbp-1},
    {0x1.0000000000077p-1, 0x1.2088c5f988582p+2, 0x1.942eaa8285f36p+0, 0x1.97b00e5d24aeap-1},
    {-0x1.0000000002bd9p-1, 0x1.caef54818441bp+3, 0x1.39a94f09d6ab7p+3, 0x1.8c98512d2ef70p+1},
    {0x1.00000003375bap-4, -0x1.c32036202728bp+7, 0x1.22eaa3d43cd6cp+6, 0x1.941132023db3ap+3},
    {0x1.ffffff80618dbp-5, -0x1.fca5cc441bbaap+10, 0x1.021285776a1ddp+9, 0x1.b65cd43819d32p+5},
    {-0x1.55553d329a749p-7, 0x1.e784caae6e304p+12, 0x1.760c77d7e8bcep+9, 0x1.025e8803c2a44p+8},
    {-0x1.5556176cabe35p-7, 0x1.c030db0b80aa1p+16, -0x1.7fdd0d872e46ep+15, 0x1.524a20080a7f6p+10},
    {0x1.d5779212321d0p-10, -0x1.3daf8cc4447b3p+18, -0x1.05d3c189b2d5fp+19, 0x1.f61ccf5300863p+12},
    {0x1.d4c894a03e61fp-10, -0x1.22293446bb7a2p+22, 0x1.83676912ad146p+20, 0x1.ad0bed1dd3c21p+15},
    {-0x1.3d8444ab61cebp-12, 0x1.883064b7f2a35p+23, 0x1.9337b62fd7cf3p+25, 0x1.ab87fc1050189p+18},
    {-0x1.53fa30c149c6dp-12, 0x1.21774157bc2c8p+27, -0x1.8bdb8defaa541p+26, 0x1.fb63a7aae9d44p+21},
    {0x1.5006315da48bcp-14, -0x1.ee63fb3a3d491p+27, -0x1.ff8cfc197c54cp+31, 0x1.56f9bb6ab770dp+25},
    {0x1.2134f5bb9d808p-16, -0x1.0c89c391efd73p+32, 0x1.510e08bb49a34p+34, 0x1.d4add289a9f09p+28},
    {0x1.d56d006ccd057p-16, -0x1.d1802c41a233ap+32, 0x1.003d599aaecbdp+38, 0x1.69037c96c05e4p+33},
    {-0x1.39a51b0edf361p-15, 0x1.57f0f5c2eba6fp+37, -0x1.9d601e0da6555p+41, 0x1.9169211a240d9p+38},
    {0x1.116fe3e1bd05bp-16, 0x1.63434d8cb15edp+39, -0x1.7f0ba72bdef24p+41, 0x1.8b3eeeb1ac137p+41},
    {-0x1.7a5f9bcdaa258p-19, -0x1.eafe7d3074ec7p+42, 0x1.397032e56c2d0p+48, -0x1.5d5a9779f66dfp+47},
    {-0x1.75e96c5f20ff1p-23, -0x1.7d19312434575p+44, -0x1.b22e33a22c686p+50,
     -0x1.8fdc2fc733eb4p+51},
    {0x1.33a583bca7205p-23, 0x1.b1f69f0d56720p+47, -0x1.d6844d6830fe1p+53, 0x1.30809a685f213p+54},
    {-0x1.1b383bb93e303p-26, 0x1.00ab6245c0991p+49, 0x1.4d79c7396b805p+57, 0x1.0ace214426442p+59}};
/* degree 22, relative errors 2^[-53.3, -55.4, -53.9, -53.0] */
static const double von_mises_slope[][PIECES] = {
    {0x1.0000000000000p-1, 0x1.5ccdbbacf2542p+0, 0x1.77b39dada6b03p-1, 0x1.18b85369625a6p-1},
    {0x1.0000000000005p+0, 0x1.20bb79e4aad08p+3, 0x1.07a5ce0cfb495p+2, 0x1.addcd21a9057dp+0},
    {0x1.3fffffffff722p-2, -0x1.086abb7214758p+6, 0x1.20d02311ebdb2p+5, 0x1.01c2301a49b42p+3},
    {-0x1.7fffffffe46b7p-2, -0x1.5fd6d1b14422ep+10, 0x1.4b3fdb5830322p+8, 0x1.3f10415bb882dp+5},
    {-0x1.1555555b04917p-3, 0x1.b5cd63626f223p+10, 0x1.8d3cb016edfbdp+10, 0x1.a25c7c99cb7a3p+7},
    {0x1.aaaaab6289d18p-4, 0x1.bf16622424d22p+16, -0x1.9056189274a11p+14, 0x1.2a0c88d9bf19dp+10},
    {0x1.43fff076a49ebp-5, -0x1.85d46a1d609f1p+15, -0x1.070c5e134f741p+19, 0x1.d837aac26c8eep+12},
    {-0x1.9aa9bcbfe26a2p-6, -0x1.9a93b971034d9p+22, -0x1.06b1b3156bcfcp+20, 0x1.a77dbf04bebf1p+15},
    {-0x1.3f81f2046b009p-7, 0x1.9f8c950ef2605p+21, 0x1.aa2a7b6f62ba6p+25, 0x1.b3513f1649e19p+18},
    {0x1.6d263e5372c40p-8, 0x1.1a28489bd7fe8p+28, 0x1.9f8b04ac29c4dp+27, 0x1.033a30bf6de3bp+22},
    {0x1.1d6a81b4aa3bcp-9, -0x1.0e6a4a2d8c9cbp+24, -0x1.4bc8218c78436p+32, 0x1.6bd705909f9f0p+25},
    {-0x1.28743f78b1820p-10, -0x1.3416c3b952ed0p+33, -0x1.ab66ef1e35739p+32, 0x1.2d1c951bd0760p+29},
    {-0x1.259883e022e7ap-11, -0x1.6fe1b7e35f66ep+34, 0x1.09697f062a755p+39, 0x1.22006bc190c17p+33},
    {0x1.97417297508d2p-12, 0x1.5e1129c95dd12p+38, -0x1.0b1f1b55e7b6ap+41, 0x1.992ec8f855fd4p+37},
    {-0x1.7f7ad5d3d989ep-14, 0x1.1768b91e33187p+41, -0x1.366e916bd8540p+45, 0x1.6aa90624ad6a2p+42},
    {0x1.2028f9bd5bf4bp-13, -0x1.fd2ddbe7ba728p+43, 0x1.d47ae1d8f59ffp+48, 0x1.b72115fcf25fcp+45},
    {-0x1.4c9c36c281de4p-13, -0x1.bbd40461962d5p+46, 0x1.11d110d64c363p+48, -0x1.aab3517705badp+51},
    {0x1.64e40b89afb60p-14, 0x1.4b5dee9a3deeap+49, -0x1.74fb9034c4940p+55, -0x1.b1c08f009e604p+56},
    {-0x1.763ff9503ac18p-16, 0x1.076830dd11b6cp+52, 0x1.72fb11dc70424p+58, -0x1.b259c844bff60p+55},
    {0x1.3970e31043cc0p-20, -0x1.093ff02b40527p+54, 0x1.ab396cccb824fp+60, 0x1.2bc432e11ddf3p+65},
    {0x1.039d12f93b05ap-20, -0x1.5091f87837241p+57, -0x1.6b7fe3f400dfep+65, 0x1.43ae2cf7bdae8p+68},
    {-0x1.1e7eaf73be477p-22, 0x1.6b5b06396951bp+57, 0x1.259be351b51dep+66, -0x1.32b4329eb3e80p+72},
    {0x1.902cd9daa018dp-26, 0x1.6dea9d31c9563p+62, 0x1.fb593f3eb1d77p+70, -0x1.eec4388012ee7p+75}};
#else
enum { PIECES = 8 };
/* degree 8, relative error 2^-36.7 */
static const double von_mises_value[][PIECES] = {
    {0x1.d9bae181354adp-1, 0x1.e0bbb24e042acp-1, 0x1.e80011b2ff808p-1, 0x1.ed29d4d9ee46dp-1,
     0x1.e771864c884fdp-1, 0x1.c7da86610decfp-1, 0x1.878bece9192bdp-1, 0x1.2fb5e68d188b8p-1},
    {0x1.aa4b885809eaap-7, 0x1.d22b35781e5d7p-7, 0x1.bc3f2c12ee6b5p-7, 0x1.fa1911a281d3ep-9,
     -0x1.03cee3719b1dcp-5, -0x1.81fd3953c58ecp-4, -0x1.3a718ec82a546p-3, -0x1.78f17b6238de6p-3},
    {0x1.85ab7e08ce77cp-11, 0x1.81f4de8d3ac67p-12, -0x1.8f52a275e99ccp-10, -0x1.43056cc4f13cfp-7,
     -0x1.aa90233771654p-6, -0x1.1296d2254d3bfp-5, -0x1.80c83886c4468p-6, -0x1.d16f0cc64acb7p-8},
    {-0x1.4f13933fcee3cp-15, -0x1.0e78fd733a8f9p-12, -0x1.4ecfaea3884eap-10, -0x1.29c05c0dd7d2ap-8,
     -0x1.4d562f189ac1cp-8, 0x1.5fff012919594p-11, 0x1.55927e6f13ec5p-8, 0x1.50d1e3568e727p-8},
    {-0x1.b4a4fdf7bff64p-16, -0x1.a6a2d3d097688p-14, -0x1.11adb4d71c41fp-11, -0x1.c0d1711c42612p-11,
     0x1.a6baedd9749a3p-11, 0x1.af68b5badb1afp-10, 0x1.011c7974ec9eep-11, -0x1.7bba7632edde4p-12},
    {-0x1.c72aaa3607488p-18, -0x1.ef76ea7ab0ee5p-16, -0x1.430ac6d6e741bp-13, 0x1.23f189f5e5c35p-13,
     0x1.96ef0f7863117p-12, -0x1.93508bdc484a2p-14, -0x1.11b0975495d35p-12, -0x1.2db180bcf827ap-14},
    {-0x1.8df74683b8447p-20, -0x1.2356a02264345p-17, -0x1.d0a703c8dae2ep-17, 0x1.8144df8a926fep-14,
     -0x1.340d2225831ebp-15, -0x1.4f292b08c92d5p-14, 0x1.471f7b29acbdep-16, 0x1.f2d2013325569p-16},
    {-0x1.5508e06a55d72p-22, -0x1.95e4f38628b8cp-19, 0x1.ba7b01a7307fdp-17, -0x1.dbaf486fa363ap-21,
     -0x1.7f0376a98b875p-16, 0x1.8433cfc830120p-17, 0x1.254927f51e0bcp-17, -0x1.781a94a84a6e0p-19},
    {-0x1.21c538447ad8ap-24, -0x1.0be22de792174p-20, 0x1.41a1a652e92a2p-18, -0x1.9c28737d1b53bp-18,
     0x1.2f3be14215878p-19, 0x1.9a42cac54a998p-19, -0x1.2f1fad2bf0012p-19, -0x1.8faba5fdbfd3cp-22}};
/* degree 9, relative error 2^-38.6 */
static const double von_mises_ratio[][PIECES] = {
    {0x1.02c3c3f62ddf2p+0, 0x1.08ddec88ec9ecp+0, 0x1.0f6eee672ce68p+0, 0x1.148727b4d1ac2p+0,
     0x1.10abcc03b489dp+0, 0x1.f17d09e1930ddp-1, 0x1.9930e4fd6c55ep-1, 0x1.31ac96691a1a8p-1},
    {0x1.6e7c944db1c73p-6, 0x1.9c4825bc785b6p-6, 0x1.9c92eeae102fap-6, 0x1.42b17532ce74fp-7,
     -0x1.8e2631f83a377p-5, -0x1.1bc373576c1fap-3, -0x1.9338c6eacbc1dp-3, -0x1.98de3f289df74p-3},
    {0x1.933170d95f3f2p-10, 0x1.1df9a6af7925fp-10, -0x1.f84ae066f9156p-10, -0x1.0becd930e5eddp-6,
     -0x1.53639029e0d24p-5, -0x1.5884662650458p-5, -0x1.d63b6e63ac13cp-7, 0x1.2749f8cdefa2ap-7},
    {-0x1.2642e4637f12bp-16, -0x1.7bdcbb8c0e66cp-12, -0x1.19f84d440e469p-9, -0x1.ff62366c3600ep-8,
     -0x1.9efb3d8181361p-8, 0x1.91b4a68a2b296p-8, 0x1.48bd420625f88p-7, 0x1.4b8fe3bc8488cp-8},
    {-0x1.3f220968ee182p-15, -0x1.5cc8a9a927242p-13, -0x1.ec6aa82f6938dp-11, -0x1.580372dd14e20p-10,
     0x1.36b3739a838d9p-9, 0x1.61c2d2f097a11p-9, -0x1.46ba33b3325d8p-11, -0x1.6cbb929276a68p-10},
    {-0x1.74c4376e4aeb3p-17, -0x1.b5fbb787c8fa9p-15, -0x1.27ca4a80e4405p-12, 0x1.8d40252779fc6p-12,
     0x1.7b51c2e734662p-11, -0x1.310620210584ep-11, -0x1.ef25affc84013p-12, 0x1.56747166d95e8p-14},
    {-0x1.594e24947c56dp-19, -0x1.0da43f3df7b06p-16, -0x1.5f44fd698cc05p-16, 0x1.9b82c42b5ede5p-13,
     -0x1.38dc59ca3ffe7p-13, -0x1.2ecc227ee842dp-13, 0x1.f0deadd18a45fp-14, 0x1.74ec3544cba63p-15},
    {-0x1.2b7ee3ba90086p-21, -0x1.78140af1267ccp-18, 0x1.e565a8e9f38a5p-16, -0x1.840e3c8149809p-18,
     -0x1.e564f7c2906edp-15, 0x1.b4bdcd1c939dep-15, 0x1.8b9bd2f4f6267p-18, -0x1.d9d60124d607cp-17},
    {-0x1.0d798ad889d69p-23, -0x1.03e6dddf86989p-19, 0x1.49aa58fdf5859p-17, -0x1.f0f9b34f7d525p-17,
     0x1.2f6b1c86faa0fp-17, 0x1.4a15e950dde6bp-18, -0x1.039f2f072b656p-17, 0x1.463d43d038ecbp-20},
    {-0x1.ee61a21c90208p-26, -0x1.5bbdb81942a1cp-22, -0x1.c27deb11f708bp-20, -0x1.367ac8cf90bc0p-22,
     0x1.ed2da6cab9f9ep-19, -0x1.eb3c3e2f31c4bp-19, 0x1.1b4fe836b9050p-20, 0x1.75989d7a91c47p-22}};
/* degree 9, relative error 2^-36.5 */
static const double von_mises_complement[][PIECES] = {
    {0x1.072d1b73de4d4p-1, 0x1.1975fa17fa929p-1, 0x1.3447b51454f64p-1, 0x1.61a43b68980dap-1,
     0x1.b2339d440f756p-1, 0x1.09e4eda05cca1p+0, 0x1.239675a8490c6p+0, 0x1.14a1f0f57d51bp+0},
    {0x1.ee7902a4c968fp-6, 0x1.5abbc14aa1174p-5, 0x1.0b79fa7597526p-4, 0x1.e7e7771acfcdcp-4,
     0x1.8651fc199bd68p-3, 0x1.54e59f05e152cp-3, 0x1.6c6a8712dc68ap-6, -0x1.0e5b14cd0d39dp-3},
    {0x1.2ff99d1366e33p-8, 0x1.03cb8ec6fb5bdp-7, 0x1.1325a7abaaab0p-6, 0x1.330f1bce39f97p-5,
     0x1.670bf2d6ff605p-6, -0x1.8d3fcc4632605p-5, -0x1.59870e71c6518p-4, -0x1.0661c22147b3bp-4},
    {0x1.84858b72bd0bep-11, 0x1.a4eda19d95c78p-10, 0x1.52fa4b59c1501p-8, 0x1.6007a8bd28845p-8,
     -0x1.223bf579512c2p-6, -0x1.7053e9c58f7f7p-6, -0x1.35ab1508df282p-11, 0x1.6cd5579b644b4p-7},
    {0x1.055e691fdc532p-13, 0x1.80e743b2ff2f5p-12, 0x1.95da534ab08cap-10, -0x1.9e5b920d4fd11p-9,
     -0x1.7d26e2d16d2d0p-8, 0x1.eb919ebcacd7dp-9, 0x1.51aea13e093bbp-8, 0x1.ac948ea71e9efp-11},
    {0x1.77bd854430787p-16, 0x1.a96aa0c0116ffp-14, 0x1.e42b92b3311e5p-14, -0x1.b927b1feff1fcp-10,
     0x1.36876e99aab82p-10, 0x1.9f23f1c250398p-10, -0x1.8b024efe8ebe4p-11, -0x1.657de43f16842p-11},
    {0x1.2503a7d9e23d4p-18, 0x1.34beb1aad9d72p-15, -0x1.0120d8de060d9p-12, 0x1.948b035754573p-15,
     0x1.294a1eb5fed50p-11, -0x1.abe52aab61965p-12, -0x1.8246be1965a67p-13, 0x1.e10893c5368e6p-14},
    {0x1.f74f7490c590ep-21, 0x1.0dd378ae8bfb2p-16, -0x1.eeb409181dc29p-14, 0x1.7290e077c4e30p-13,
     -0x1.7b40d09018f2dp-14, -0x1.3cf7cd0912862p-14, 0x1.4b10ae6e89d06p-14, 0x1.64cf866bb3b2ap-18},
    {0x1.fb4c5b33c0cfap-23, 0x1.e93c4ca50f45ap-19, 0x1.78708f79ab022p-17, 0x1.fc43536c8d5afp-19,
     -0x1.463c8ac1dd475p-15, 0x1.1d4ea2bfa3c73p-15, -0x1.c813354be0826p-19, -0x1.bc5dac12f39a3p-18},
    {0x1.14b6de2bdb41ep-24, -0x1.03c1aab674482p-19, 0x1.3313acde58a29p-16, -0x1.a7d40d4d3c6c6p-17,
     0x1.95de0bb7698a0p-18, 0x1.96fb40e70d012p-20, -0x1.fb6fa8b63ecdcp-19, 0x1.5be5c1e478c9fp-20}};
/* degree 10, relative error 2^-36.8 */
static const double von_mises_slope[][PIECES] = {
    {0x1.0e9495fe007c2p-1, 0x1.35e760f3479fcp-1, 0x1.7673e26090c64p-1, 0x1.f8d74ba6c74d0p-1,
     0x1.6252a1430c67dp+0, 0x1.88d7c5833929cp+0, 0x1.348d15c73bb4fp+0, 0x1.6b2bd74ad11e2p-1},
    {0x1.fe48895aa6922p-5, 0x1.84a3132ecdcd5p-4, 0x1.5be487ba5f92fp-3, 0x1.6b1cacd02333ep-2,
     0x1.722d713e97481p-2, -0x1.bcdc8eba91820p-4, -0x1.edd0684eeececp-2, -0x1.d65ba0cbd1ae9p-2},
    {0x1.7f201dad63247p-7, 0x1.728af0c4a450cp-6, 0x1.f914ddde97918p-5, 0x1.9473754c23ecep-4,
     -0x1.0f4fd47465a70p-3, -0x1.15e1beae41979p-2, -0x1.3d276b71aa9b2p-4, 0x1.2aa74f5b31cecp-4},
    {0x1.2639495b538d2p-9, 0x1.7db6f41f9f9abp-8, 0x1.8400dafcced0cp-6, -0x1.a1f7d2a716da8p-6,
     -0x1.99efb69e0b7adp-4, 0x1.943eaa52b05c1p-6, 0x1.334699c3af598p-4, 0x1.7332bc5a7cb12p-6},
    {0x1.d7dc81431aa75p-12, 0x1.c63b59155d735p-10, 0x1.485d116db374bp-8, -0x1.f5e754c66904ep-6,
     0x1.35d14a358544fp-7, 0x1.18403474b1a08p-5, -0x1.f4b38887d3108p-8, -0x1.9568daaaae3cep-7},
    {0x1.92e937c9520e4p-14, 0x1.52bb88ca672c7p-11, -0x1.863f0f4932ccdp-9, -0x1.bfd6783445e8fp-9,
     0x1.d0922e13944ecp-7, -0x1.9d4cc45c04a98p-8, -0x1.64fe0ece12df1p-8, 0x1.e0982adbbc4e4p-10},
    {0x1.74b678bf346a5p-16, 0x1.3ebf2499aa079p-12, -0x1.6dfd80d7e6972p-9, 0x1.0218ced35044dp-8,
     -0x1.c0f0f393b3672p-11, -0x1.754b8b48b14cep-9, 0x1.e9b7173caac79p-10, 0x1.5b563d76e7eebp-12},
    {0x1.7977079fa0b41p-18, 0x1.251f84badfb11p-13, -0x1.309cb0dd37401p-12, 0x1.825aa339961aep-11,
     -0x1.78c818a60cca1p-10, 0x1.e6d9ca257974bp-11, 0x1.01dc85625f714p-15, -0x1.b8f768361d591p-13},
    {0x1.a69f5ab3e5717p-20, 0x1.f97505f0f20bcp-17, 0x1.0273a42af7165p-11, -0x1.8c27d35cda4ebp-12,
     0x1.77e26c039d7d1p-14, 0x1.297589071ab8bp-13, -0x1.39a83d1bffeebp-13, 0x1.392242200ad3ap-15},
    {0x1.21dee21cf92b0p-21, -0x1.d73d524f24edep-15, 0x1.7675e236ec881p-14, -0x1.a53d4732442f5p-15,
     0x1.bb9c44ec3e05cp-14, -0x1.6dda9a9846f5ap-14, 0x1.d2eb514d27ba8p-16, 0x1.6a5303b153e58p-19},
    {0x1.9c8bb4409cfcfp-23, -0x1.4a7f815030ff9p-15, -0x1.3d07cc7d83c41p-14, 0x1.b76e371bfd4b9p-16,
     -0x1.4e82d92f6c1e2p-18, -0x1.ee7e7bd1d5040p-20, 0x1.2b546e22d2fa7p-18,
     -0x1.71738b6a2abcfp-19}};
#endif

/* Where in the pieces each lane is. */
typedef struct d_piece {
#if defined(NLL_T_F64)
    md first, second, third;
#else
    vl number;
#endif
    vd x;                /* the argument of the polynomials */
    vd k, next, inverse; /* k, bounded; 1 + k and its inverse */
} d_piece;
#if defined(NLL_T_F64)
NLL_INLINE vd d_of_piece(const d_piece *p, const double c[PIECES]) {
    vd y = d_sel(p->third, d_set(c[2]), d_set(c[3]));
    return d_sel(p->first, d_set(c[0]), d_sel(p->second, d_set(c[1]), y));
}
NLL_INLINE d_piece d_von_mises_piece(vd k) {
    k = d_min(d_set(0x1p1000), k);
    vd next = d_add(k, d_set(1.0)), inverse = d_div(d_set(1.0), next);
    d_piece p = {
        d_lt(k, d_set(1.4)), d_lt(k, d_set(4.0)), d_lt(k, d_set(12.0)), k, k, next, inverse};
    vd w = d_div(d_set(1.0), d_add(k, d_set(3.0)));
    p.x = d_sub(d_sel(p.first, k, w), d_of_piece(&p, von_mises_middle));
    return p;
}
/* k / (1 + k), log(1 + k) */
NLL_INLINE vd d_piece_share(const d_piece *p) { return d_div(p->k, p->next); }
NLL_INLINE vd d_piece_log(const d_piece *p) { return d_log1p(p->k); }
#else
NLL_INLINE vd d_of_piece(const d_piece *p, const double c[PIECES]) { return d_pick(c, p->number); }
NLL_INLINE d_piece d_von_mises_piece(vd k) {
    vd one = d_set(1.0), bounded = d_min(d_set(0x1p500), k);
    vd next = d_add(bounded, one), third = d_add(bounded, d_set(3.0));
    vd both = d_div(one, d_mul(next, third));
    vd at = d_fma(d_mul(both, next), d_set(24.0), d_set(-0.5)), n = d_min(d_set(7.0), d_rint(at));
    d_piece p = {d_bits(d_add(n, d_set(0x1p52))), d_sub(at, n), bounded, next, d_mul(both, third)};
    return p;
}
NLL_INLINE vd d_piece_share(const d_piece *p) { return d_mul(p->k, p->inverse); }
NLL_INLINE vd d_piece_log(const d_piece *p) { return d_log_ratio(p->k, p->next).log; }
#endif
NLL_INLINE vd d_piece_poly(const d_piece *p, const double c[][PIECES], int degree) {
    vd y = d_of_piece(p, c[degree]);
    NLL_UNROLL
    for (int i = degree - 1; i >= 0; i--) y = d_fma(y, p->x, d_of_piece(p, c[i]));
    return y;
}
#define PIECE_POLY(p, c) d_piece_poly(p, c, POLY_DEGREE(c))

/* log(I0(k) e^-k), its first derivative r - 1, its second r'. */
typedef struct d_von_mises_parts {
    vd value, slope, curve;
} d_von_mises_parts;
NLL_INLINE d_von_mises_parts d_von_mises_normaliser(vd k, int want) {
    d_piece p = d_von_mises_piece(k);
    vd part = d_mul(d_piece_share(&p), PIECE_POLY(&p, von_mises_value));
    d_von_mises_parts v = {part, part, part};
    v.value = d_nfma(d_set(0.5), d_piece_log(&p), d_neg(part));
    if (want < WANT_SLOPE) return v;
    v.slope = d_neg(d_mul(p.inverse, PIECE_POLY(&p, von_mises_complement)));
    if (want < WANT_CURVE) return v;
    v.curve = d_mul(d_mul(p.inverse, p.inverse), PIECE_POLY(&p, von_mises_slope));
    return v;
}

/* NaN below 0. */
NLL_INLINE vd d_from_zero(vd y, vd k) { return d_sel(d_le(d_set(0.0), k), y, d_set(NAN)); }
NLL_INLINE vd d_log_i0e(vd k) {
    vd y = d_von_mises_normaliser(k, WANT_VALUE).value;
    return d_from_zero(d_sel(d_eq(k, d_set(INFINITY)), d_neg(k), y), k);
}
NLL_INLINE vd d_bessel_ratio(vd k) {
    d_piece p = d_von_mises_piece(k);
    vd r = d_mul(d_piece_share(&p), PIECE_POLY(&p, von_mises_ratio));
    return d_from_zero(r, k);
}
/* 1 - I1 / I0 */
NLL_INLINE vd d_bessel_complement(vd k) {
    d_piece p = d_von_mises_piece(k);
    vd y = d_div(PIECE_POLY(&p, von_mises_complement), p.next);
    return d_from_zero(d_sel(d_eq(k, d_set(INFINITY)), d_set(0.0), y), k);
}
NLL_INLINE vd d_bessel_ratio_slope(vd k) {
    d_piece p = d_von_mises_piece(k);
    return d_from_zero(d_mul(d_mul(p.inverse, p.inverse), PIECE_POLY(&p, von_mises_slope)), k);
}

#endif
