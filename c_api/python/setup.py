# SPDX-License-Identifier: Apache-2.0
"""Names the wheel after what is inside: the library is of one platform, but of no Python version."""

import pathlib
import sysconfig

from setuptools import Distribution, setup

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools below 70.1
    from wheel.bdist_wheel import bdist_wheel

HAS_LIBRARY = (pathlib.Path(__file__).resolve().parent / "atlas" / "libatlas.so.0").exists()


class distribution(Distribution):
    def has_ext_modules(self):  # puts the files where those of a platform belong
        return HAS_LIBRARY


class platform_wheel(bdist_wheel):
    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = not HAS_LIBRARY

    def get_tag(self):
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        return ("py3", "none", platform if HAS_LIBRARY else "any")


setup(distclass=distribution, cmdclass={"bdist_wheel": platform_wheel})
