/* von_mises.h: the normaliser of the von Mises density, log(I0(k) e^-k) for k >= 0, its derivatives
 * r - 1 and r' = 1 - r^2 - r / k, and r = I1 / I0 itself.
 *
 *   log(I0 e^-k) = -[log(1 + k) / 2 + k p(x) / (1 + k)]      two terms of one sign
 *   r = k p(x) / (1 + k),   1 - r = p(x) / (1 + k),   r' = p(x) / (1 + k)^2
 *
 * with a polynomial p of its own each, so that nothing cancels: 1 - r and r' keep their digits
 * where r is nearly 1.  The polynomials have four pieces, [0, 1.4), [1.4, 4), [4, 12) and [12,
 * inf), of which every lane takes its own coefficients; x is k in the first and 1 / (k + 3) in the
 * others, less the middle there.  Coefficients: docs/coefficients/special.py. */
#ifndef NLL_MATH_VON_MISES_H
#define NLL_MATH_VON_MISES_H

#include "math/log.h"
#include "math/poly.h"
#include "math/want.h"

static const double von_mises_middle[4] = {0x0.0p+0, 0x1.7b03531dec0d5p-3, 0x1.ad1ad1ad1ad1bp-4,
                                           0x1.1111111111111p-5};
#if defined(NLL_T_F64)
/* degree 20, relative errors 2^[-52.7, -56.1, -58.5, -55.4] */
static const double von_mises_value[][4] = {
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
static const double von_mises_ratio[][4] = {
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
static const double von_mises_complement[][4] = {
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
static const double von_mises_slope[][4] = {
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
/* degree 14, relative errors 2^[-38.3, -46.5, -43.9, -49.3] */
static const double von_mises_value[][4] = {
    {0x1.0000000000000p-1, 0x1.e858f0f5b50fap-1, 0x1.e81969d678db3p-1, 0x1.dbc307fd1e132p-1},
    {0x1.000000023d00cp-1, -0x1.60f77cf3dba32p-1, 0x1.4c18994f6542ep-2, 0x1.4a56dc44a71a3p-2},
    {-0x1.555557449bc02p-3, -0x1.cf28089e16abcp+3, -0x1.d19215f073219p-1, 0x1.97b03a45effadp-2},
    {-0x1.aaa9566487897p-6, -0x1.22ef5aa2a3e5dp+6, -0x1.2129b41f07068p+4, -0x1.14ac243644714p+0},
    {0x1.4cc5142444b27p-5, 0x1.ca9c0bc2bd8fep+7, -0x1.61b3a767d1567p+7, -0x1.992828039d1efp+3},
    {-0x1.2d157bcbdb67ap-6, 0x1.8d82a675d08d4p+11, -0x1.3512f1c9d00afp+10, -0x1.436867698228ep+6},
    {0x1.4930e01866cf8p-7, -0x1.41b3bc6e59da9p+12, -0x1.2b835b42928dep+11, -0x1.be939d78a9c6fp+8},
    {-0x1.0ffcfa3f01ea2p-7, -0x1.b566c7e88e4aap+16, 0x1.fed95e5317c68p+15, -0x1.2e49450264370p+11},
    {0x1.95d006cd779e4p-8, 0x1.6f601e4ccc7e3p+17, 0x1.10bd95b6d7272p+19, -0x1.abba8170516e9p+13},
    {-0x1.f28d5b0c5c1b4p-9, 0x1.8735a7dbdc68dp+21, -0x1.41fc709e4ee73p+21, -0x1.48935efcdcef6p+16},
    {0x1.01b3ebdbf4963p-9, -0x1.501dafd2b1dacp+22, -0x1.3d124196ae5a0p+25, -0x1.1618345fa7c53p+19},
    {-0x1.ac0164d5f362bp-11, -0x1.10f904cbd4798p+26, 0x1.83ab8a50579d9p+27, -0x1.61f168074833fp+22},
    {0x1.01bd54c1b7798p-12, 0x1.2851ec1e82e43p+18, 0x1.274884b68bfb4p+31, -0x1.575e07e60ad62p+26},
    {-0x1.84b3b7760f848p-15, 0x1.4817178d0516fp+30, -0x1.d46bfcd9f5e42p+33, -0x1.5a7e21db91efdp+29},
    {0x1.0fb8d2c43b3b3p-18, 0x1.799fc4b937e5fp+32, -0x1.56b2d5a27a32cp+36, 0x1.445f972dbd683p+29}};
/* degree 14, relative errors 2^[-43.6, -43.9, -43.1, -48.5] */
static const double von_mises_ratio[][4] = {
    {0x1.0000000000000p-1, 0x1.115cc1884da46p+0, 0x1.0f867b13fc535p+0, 0x1.0484917299103p+0},
    {0x1.ffffffffdfbc1p-2, -0x1.0d45300aac855p+0, 0x1.34bd1efdcf703p-1, 0x1.1e170f62a39bap-1},
    {-0x1.ffffffbf6e195p-5, -0x1.7325a2a61f51ep+4, -0x1.296e2c96bb679p+0, 0x1.b9e4761db4d41p-1},
    {-0x1.0000032b28d6fp-4, -0x1.7b624e1f6fa50p+6, -0x1.e7d2880cd9d00p+4, -0x1.088ef543bb4c4p+0},
    {0x1.5556a1ae0c24fp-7, 0x1.64f609584fa3fp+9, -0x1.3e4ec50e2139fp+8, -0x1.3811c628a323bp+4},
    {0x1.554b196a87171p-7, 0x1.7ffccaa77cf83p+12, -0x1.1a72ea49be1a2p+11, -0x1.0eef315caa3a6p+7},
    {-0x1.d3b00fa674edbp-10, -0x1.74729f8116c4ep+14, -0x1.b1c2e0b52b3f5p+11, -0x1.8a5ebe82037b0p+9},
    {-0x1.db25befcdcbd3p-10, -0x1.14b7fadf0dcf1p+18, 0x1.0e3f4d48a31dbp+17, -0x1.14f1083295475p+12},
    {0x1.7e7551bbecf91p-12, 0x1.85b8cbd8bf78cp+19, 0x1.179286ab8d98cp+20, -0x1.92a2e9fc710c2p+14},
    {0x1.b6f3f3eb42fc1p-13, 0x1.46f363097e720p+23, -0x1.453a8272a43e8p+22, -0x1.3b544c81aab38p+17},
    {0x1.4031eacb1ed31p-14, -0x1.2d561b14bffd5p+24, -0x1.43d73e9f24c9cp+26, -0x1.0e51062ab6637p+20},
    {-0x1.6b4df20cc3d04p-13, -0x1.55dc3dc55669bp+28, 0x1.72e6ca20a9db9p+28, -0x1.5cdf9f56720d1p+23},
    {0x1.615a2c442ccd0p-14, 0x1.d3a3fc3559639p+23, 0x1.20e49ad2fb3bbp+32, -0x1.554b8bda24eb0p+27},
    {-0x1.3b48a485f4733p-16, 0x1.30b650e99beabp+33, -0x1.ce90e3f4b0465p+34, -0x1.57640966d9ddap+30},
    {0x1.c82dedc9bc6aep-20, 0x1.28c6e176f4699p+34, -0x1.4554a08694d34p+37, 0x1.5f9b48745d109p+30}};
/* degree 14, relative errors 2^[-40.0, -42.6, -40.1, -44.2] */
static const double von_mises_complement[][4] = {
    {0x1.0000000000000p+0, 0x1.ac89fae111938p-1, 0x1.34c26efa5e60dp-1, 0x1.0c0951d3b68f5p-1},
    {0x1.000000015a20ap-1, 0x1.2088c5f990de3p+2, 0x1.942eaa81f5db8p+0, 0x1.97b00e5d0f229p-1},
    {-0x1.000000481b4cdp-1, 0x1.caef5480b8b72p+3, 0x1.39a94f10c78d2p+3, 0x1.8c98512b8fdacp+1},
    {0x1.00002f5f4f88dp-4, -0x1.c320363612f34p+7, 0x1.22eaa4b486ae0p+6, 0x1.941132b0b045dp+3},
    {0x1.fffbeeda03769p-5, -0x1.fca5cbfa7cf0dp+10, 0x1.02127f48e3cdbp+9, 0x1.b65cdbdda3c2fp+5},
    {-0x1.54e9fbef3fd9ep-7, 0x1.e784db04e978bp+12, 0x1.760952d02b1cbp+9, 0x1.025dbd2a2cb39p+8},
    {-0x1.5721a50c687ecp-7, 0x1.c030c6b88bd8cp+16, -0x1.7fdaf32977807p+15, 0x1.5243362fed325p+10},
    {0x1.ff5590d3b12dep-10, -0x1.3db23df043db5p+18, -0x1.05c9dd86fad2dp+19, 0x1.f6ea14555b8c0p+12},
    {0x1.7fa9fedba29d7p-10, -0x1.222670f28b41cp+22, 0x1.82b2c58870304p+20, 0x1.b0259f1898413p+15},
    {0x1.4fa50ee7547f3p-13, 0x1.88a58f4b57570p+23, 0x1.923b5418c1aa2p+25, 0x1.919e9260d19f1p+18},
    {-0x1.97b9dd6a34319p-11, 0x1.210e50f10343fp+27, -0x1.7b483770c5dcfp+26, 0x1.9922e25f5e7d5p+21},
    {0x1.7ccad38795d81p-12, -0x1.01f7e157e867ep+28, -0x1.f27522765656ep+31, 0x1.136e27455bc0dp+26},
    {-0x1.09efd621b77a4p-14, -0x1.03d4fda61b04fp+32, 0x1.1a5fe6b78be5ap+34, 0x1.536e60eaf4e02p+30},
    {0x1.f7bb7bfe16fe6p-26, -0x1.91e0af0b8c9f4p+31, 0x1.afa23a0ed0e96p+37, 0x1.b40c0ae0be94ap+30},
    {0x1.ff4f60267aaadp-21, 0x1.eaee484bb755bp+36, -0x1.b695ec228ea23p+40, -0x1.3bf2612baf2e6p+37}};
/* degree 16, relative errors 2^[-42.0, -44.7, -40.4, -44.1] */
static const double von_mises_slope[][4] = {
    {0x1.0000000000000p-1, 0x1.5ccdbbacf2557p+0, 0x1.77b39dada6bf1p-1, 0x1.18b8536962626p-1},
    {0x1.000000001c142p+0, 0x1.20bb79e4a8b06p+3, 0x1.07a5ce0d307bap+2, 0x1.addcd21a895d3p+0},
    {0x1.3fffffe073870p-2, -0x1.086abb721b9bep+6, 0x1.20d0231184057p+5, 0x1.01c230192ab41p+3},
    {-0x1.7ffffc7b0919dp-2, -0x1.5fd6d1af831a1p+10, 0x1.4b3fdaec14c6ep+8, 0x1.3f10417cc3e30p+5},
    {-0x1.1555bf8215dedp-3, 0x1.b5cd637cb2e98p+10, 0x1.8d3cb106fce1ep+10, 0x1.a25c832f7574dp+7},
    {0x1.aab2496615317p-4, 0x1.bf16614bc5709p+16, -0x1.9055d86126365p+14, 0x1.2a0c5de5d28fcp+10},
    {0x1.43a35001a704dp-5, -0x1.85d47cb755dd9p+15, -0x1.070c6b88e9c7cp+19, 0x1.d8303a9bfbac0p+12},
    {-0x1.9797b87687f2ep-6, -0x1.9a938a8f084e8p+22, -0x1.06c2dba428c62p+20, 0x1.a793a8139aa68p+15},
    {-0x1.5251fc06b5977p-7, 0x1.9f8fe3b4630f6p+21, 0x1.aa2d8a64b8c2cp+25, 0x1.b56ad7022ecbap+18},
    {0x1.c223364d4b2e5p-8, 0x1.1a22e22f2542dp+28, 0x1.a0c39a5024f01p+27, 0x1.024c3b53036edp+22},
    {-0x1.e934756636677p-19, -0x1.11113fe50f5e5p+24, -0x1.4bfaf7167b2b3p+32, 0x1.416c568b18f91p+25},
    {0x1.a24aba138ed1fp-10, -0x1.336158743d3d4p+33, -0x1.de38da0c9418ap+32, 0x1.21cc735d61d6ep+29},
    {-0x1.8f1280c6e6f65p-9, -0x1.6d5ddbc065882p+34, 0x1.0b67dcb35e980p+39, 0x1.0d42035331630p+34},
    {0x1.febbc7cd7e252p-10, 0x1.5064f281c6473p+38, -0x1.7db5984f16dc4p+40, 0x1.366d6a6924d0ep+38},
    {-0x1.534a19260ad50p-11, 0x1.0c2480a06db66p+41, -0x1.4ef6318df70cbp+45, -0x1.73dd81b43caccp+39},
    {0x1.e207f74c8b15ap-14, -0x1.6e5608d7c9224p+43, 0x1.b4979309bb42ep+47, -0x1.86ea0b9198ba7p+46},
    {-0x1.257dd1c7af13bp-17, -0x1.4b65b50cb6e63p+46, 0x1.ade66ddb93210p+50,
     -0x1.c5d6e8ab5f397p+49}};
#endif

/* Where in the four pieces each lane is. */
typedef struct d_piece {
    md first, second, third;
    vd x;       /* the argument of the polynomials */
    vd k, next; /* k, at most 2^1000, and 1 + k */
} d_piece;
NLL_INLINE vd d_of_piece(const d_piece *p, const double c[4]) {
    vd y = d_sel(p->third, d_set(c[2]), d_set(c[3]));
    return d_sel(p->first, d_set(c[0]), d_sel(p->second, d_set(c[1]), y));
}
NLL_INLINE d_piece d_von_mises_piece(vd k) {
    k = d_min(d_set(0x1p1000), k);
    d_piece p = {d_lt(k, d_set(1.4)), d_lt(k, d_set(4.0)), d_lt(k, d_set(12.0)), k, k,
                 d_add(k, d_set(1.0))};
    vd w = d_div(d_set(1.0), d_add(k, d_set(3.0)));
    p.x = d_sub(d_sel(p.first, k, w), d_of_piece(&p, von_mises_middle));
    return p;
}
NLL_INLINE vd d_piece_poly(const d_piece *p, const double c[][4], int degree) {
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
    vd part = d_mul(d_div(p.k, p.next), PIECE_POLY(&p, von_mises_value));
    d_von_mises_parts v = {part, part, part};
    v.value = d_nfma(d_set(0.5), d_log1p(p.k), d_neg(part));
    if (want < WANT_SLOPE) return v;
    vd inverse = d_div(d_set(1.0), p.next);
    v.slope = d_neg(d_mul(inverse, PIECE_POLY(&p, von_mises_complement)));
    if (want < WANT_CURVE) return v;
    v.curve = d_mul(d_mul(inverse, inverse), PIECE_POLY(&p, von_mises_slope));
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
    vd r = d_mul(d_div(p.k, p.next), PIECE_POLY(&p, von_mises_ratio));
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
    vd inverse = d_div(d_set(1.0), p.next);
    return d_from_zero(d_mul(d_mul(inverse, inverse), PIECE_POLY(&p, von_mises_slope)), k);
}

#endif
