"""What packaging refuses, and what is in the zip."""

import inspect
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.loaders import create_loader

from infra.hooks.bytecode import add
from infra.licences import list_libraries
from lib.errors import ConfigError
from lib.images import jpeg_planes, webp_decoder
from tests.infrastructure.conftest import WAYS, Package, add_hero
from tests.infrastructure.generated import HERO, generated, generated_template
from tests.infrastructure.test_size_options import LOGO, LOGO_HASH
from tests.service import PROJECT, Service

AARCH64 = 183
MAX_ZIP_BYTES = 25 * 2**20
# auditwheel puts a hash behind the name of each library that it takes into a wheel.
LIBRARY = re.compile(r"\w+\.libs/(lib\w+)-[0-9a-f]+\.so")
NEEDED = re.compile(rb"(?<=\0)lib\w+-[0-9a-f]{8}\.so[.0-9]*(?=\0)")
CLIENT = re.compile(r'client\("(\w+)"')


def test_errors_in_sizes_yml_stop_packaging_before_anything_is_built(
    fresh_service: Service,
) -> None:
    text = "sizes:\n  - 800x600\n  - {name: big, width: 9000, format: jpg}\n"
    (fresh_service.folder / "sizes.yml").write_text(text)
    run = fresh_service.sls_again("package", "--stage", "dev")
    assert run.returncode == 1
    # Nothing else: no stack, no heading, no versions.
    assert run.stdout + run.stderr == (
        "\nsizes.yml:3: big: width: 9000: must be at most 8192"
        "\nsizes.yml:3: big: format: jpg: say jpeg\n"
    )
    assert not (fresh_service.folder / ".serverless").exists()


def test_one_line_in_sizes_yml_adds_a_size(package_way: Package) -> None:
    template = package_way("website")
    added = {logical for logical in template.resources if "hero" in logical.lower()}
    assert len(added) == 13
    assert "hero" in template.document["Outputs"]["Sizes"]["Value"]


def test_a_worker_may_write_to_the_folders_of_its_formats_and_no_others(tmp_path: Path) -> None:
    template = generated_template(tmp_path, [HERO])
    for folder, allowed in {"hero": 1, "hero.avif": 1, "hero.webp": 1, "hero.png": 0}.items():
        key = f"arn:aws:s3:::imagesbucket/{folder}/a.jpg"
        assert template.role_allows("RoleOfResizeHero", "s3:PutObject", key) == bool(allowed)


def test_a_function_name_too_long_for_lambda_is_refused(tmp_path: Path) -> None:
    name = "a-name-of-forty-characters-is-the-most-x"
    with pytest.raises(ConfigError, match=r"sizes.yml:\d+: a-name.*Lambda takes 64.*may have 33"):
        generated(tmp_path, [{"name": name, "width": 1}], stage="production")
    generated(tmp_path, [{"name": name[:33], "width": 1}], stage="production")


def test_more_sizes_than_a_stack_carries_are_refused(tmp_path: Path) -> None:
    sizes = [f"{width}x10" for width in range(1, 41)]
    with pytest.raises(ConfigError, match=r"40 sizes at 13 resources each.*the limit is 29 sizes"):
        generated(tmp_path, sizes)
    assert len(generated(tmp_path, sizes[:29])["functions"]) == 36


@pytest.mark.parametrize("stage", ["Prod", "a_b", "-x", "1st", "thirteenchars", ""])
def test_stages_that_make_no_bucket_name_are_refused(tmp_path: Path, stage: str) -> None:
    with pytest.raises(ConfigError, match=r"--stage: .*lower-case"):
        generated(tmp_path, ["1x1"], stage=stage)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"timeout": 841}, "timeout and landing: 841 and 60 .*900"),
        ({"timeout": 5}, "timeout: .*10, got 5"),
        ({"max_concurrency": 1}, "max_concurrency: .*2, got 1"),
        ({"purge": "perhaps"}, "purge: .*must be true or false, got 'perhaps'"),
    ],
)
def test_numbers_that_aws_would_refuse_are_refused_first(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        generated(tmp_path, ["1x1"], **changes)


def test_nothing_is_packaged_without_the_resampling_kernel(fresh_service: Service) -> None:
    with (fresh_service.folder / "native" / "resample.c").open("a") as file:
        file.write("#error nothing can be compiled\n")
    run = fresh_service.sls_again("package", "--stage", "dev")
    assert run.returncode != 0
    output = run.stdout + run.stderr
    assert "nothing can be compiled" in output
    assert "The resampling kernel was not built" in output
    assert not list((fresh_service.folder / ".serverless").glob("*.zip"))


# It takes long, and one process has it.
ARCHIVE = pytest.mark.xdist_group("archive")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a private stage in the cloud, whose functions import the most."""
    service = Service(tmp_path_factory.mktemp("packed"), with_packages=True)
    add_hero(service)
    stage, *options = WAYS["private"]
    run = service.sls("package", "--stage", stage, *options)
    assert run.returncode == 0, run.stdout + run.stderr
    return service.folder / ".serverless" / "image-fanout.zip"


@ARCHIVE
@pytest.mark.slow
def test_tests_look_at_the_template_that_a_deploy_has(
    archive: Path, service_with_formats: Service
) -> None:
    deployed = (archive.parent / "cloudformation-template-update-stack.json").read_text()
    of_the_upload = re.compile(r"serverless/image-fanout/dev/[^/]*/")
    template = json.dumps(service_with_formats.template(*WAYS["private"]))
    assert json.loads(of_the_upload.sub("", deployed)) == json.loads(
        of_the_upload.sub("", template)
    )


def test_libraries_are_packed_as_their_wheels_have_them() -> None:
    """The packager strips them where this machine's strip knows the target's format."""
    asked = "require('./infra/hooks/packaging.js')({resolveVariable: async () => 'python3.13'})"
    run = subprocess.run(
        ["node", "-e", f"{asked}.then((options) => console.log(JSON.stringify(options)))"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    assert json.loads(run.stdout)["strip"] is False


@ARCHIVE
@pytest.mark.slow
def test_the_zip_holds_arm64_code_for_the_cloud(archive: Path) -> None:
    assert archive.stat().st_size <= MAX_ZIP_BYTES
    with zipfile.ZipFile(archive) as files:
        names = files.namelist()
        libraries = [name for name in names if name.endswith(".so")]
        machines = {struct.unpack_from("<H", files.read(name), 18)[0] for name in libraries}
    assert machines == {AARCH64}
    assert any(name.startswith("PIL/_imaging.cpython-313-") for name in libraries)
    folders = {name.split("/")[0] for name in names}
    assert {
        "handlers",
        "lib",
        "native",
        "PIL",
        "pydantic",
        "aws_lambda_powertools",
        "boto3",
        "pillow_heif",
    } <= folders
    assert not folders & {"tests", "local", "infra", "yaml"}


class Packed(NamedTuple):
    """A packaging: what it printed, and the zip."""

    output: str
    archive: Path

    def names(self) -> list[str]:
        with zipfile.ZipFile(self.archive) as files:
            return files.namelist()


def packed(service: Service, wanted: tuple[str, ...], *arguments: str) -> Packed:
    """A packaging with these packages alone."""
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    lines = [line for line in lines if line.startswith(wanted)]
    assert len(lines) == len(wanted)
    (service.folder / "requirements.txt").write_text("\n".join(lines))
    run = service.sls_again("package", "--stage", "dev", *arguments)
    assert run.returncode == 0, run.stdout + run.stderr
    return Packed(run.stdout + run.stderr, service.folder / ".serverless" / "image-fanout.zip")


OTHER = "3.12" if sys.version_info[:2] == (3, 13) else "3.13"
SIGNERS = ("cryptography", "cffi", "pycparser")
# What they have in a zip.
SIGNER_NAMES = {"cryptography", "_cffi_backend", "pycparser"}
LEAN = pytest.mark.xdist_group("lean")


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """A public stage without HEIC, with a watermark; its Python is not on this machine."""
    service = Service(tmp_path_factory.mktemp("lean"), with_packages=False)
    marks = service.folder / "marks"
    marks.mkdir()
    (marks / "logo.png").write_bytes(LOGO)
    (marks / "unused.png").write_bytes(LOGO)
    sizes = "  - {name: one, width: 9, watermark: {file: marks/logo.png}}\n"
    with (service.folder / "sizes.yml").open("a") as file:
        file.write(sizes + sizes.replace("one", "two"))
    absent = service.folder / "bin" / f"python{OTHER}"
    absent.parent.mkdir()
    absent.write_text("#!/bin/sh\nexit 127\n")
    absent.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(absent.parent), prepend=os.pathsep)
        options = ("--param=heic=no", f"--param=runtime=python{OTHER}")
        return packed(service, ("pillow-heif", *SIGNERS), *options)


@LEAN
@pytest.mark.slow
def test_without_heic_its_decoder_is_left_out_of_the_zip(lean: Packed) -> None:
    assert "handlers/resize.py" in lean.names()
    assert "handlers/shared/upload_form.html" in lean.names()
    assert [name for name in lean.names() if "heif" in name.lower()] == []


@LEAN
@pytest.mark.slow
def test_the_zip_of_a_public_stage_cannot_sign_for_cloudfront(lean: Packed) -> None:
    assert top_names(lean) >= {"lib", "handlers"}
    assert not top_names(lean) & SIGNER_NAMES


@ARCHIVE
@pytest.mark.slow
def test_the_zip_of_a_private_stage_can_sign_for_cloudfront(archive: Path) -> None:
    assert top_names(Packed("", archive)) >= {"lib", "handlers"} | SIGNER_NAMES


def top_names(packed: Packed) -> set[str]:
    return {name.partition("/")[0].partition(".")[0] for name in packed.names()}


@LEAN
@pytest.mark.slow
def test_packaging_puts_a_watermark_into_the_zip_by_its_hash(lean: Packed) -> None:
    with zipfile.ZipFile(lean.archive) as archive:
        (name,) = (each for each in archive.namelist() if "mark" in each and ".py" not in each)
        assert name == f"watermarks/{LOGO_HASH}"
        assert archive.read(name) == LOGO
        assert archive.getinfo(name).external_attr >> 16 & 0o444 == 0o444


@LEAN
@pytest.mark.slow
def test_packaging_says_where_there_is_no_python_to_make_byte_code_with(lean: Packed) -> None:
    assert f"no Python {OTHER} on this machine" in lean.output


def test_without_heic_no_ticket_is_given_for_it(tmp_path: Path) -> None:
    made = generated(tmp_path, ["1x1"], heic="false", render="true")["functions"]
    for name in ("uploads", "fetch", "render"):
        assert "image/jpeg" in made[name]["environment"]["UPLOAD_TYPES"]
        assert "image/hei" not in made[name]["environment"]["UPLOAD_TYPES"]
    assert (
        "image/heic"
        in generated(tmp_path, ["1x1"])["functions"]["uploads"]["environment"]["UPLOAD_TYPES"]
    )
    with pytest.raises(ConfigError, match="upload_types: image/heic: none of them is read"):
        generated(tmp_path, ["1x1"], heic="false", upload_types="image/heic")


@ARCHIVE
@pytest.mark.slow
def test_every_library_in_the_zip_has_its_licence_in_the_documents(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        found = {LIBRARY.match(name) for name in files.namelist()}
    packed = {match[1] for match in found if match}
    assert packed == {file for _, library in list_libraries() for file in library.files}


@ARCHIVE
@pytest.mark.slow
def test_the_zip_holds_the_libwebp_whose_functions_are_called(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        names = files.namelist()
        (library,) = (name for name in names if name.startswith("pillow.libs/libwebp-"))
        (extension,) = (name for name in names if name.startswith("PIL/_webp.cpython-"))
        # The decoder finds it as a library that Pillow's extension needs.
        assert Path(library).name.encode() in files.read(extension)
        symbols = files.read(library)
    called = re.findall(r"library\.(WebP\w+)\.argtypes", inspect.getsource(webp_decoder))
    assert len(called) == 3
    for function in called:
        assert b"\0" + function.encode() + b"\0" in symbols


@ARCHIVE
@pytest.mark.slow
def test_the_zip_holds_the_libjpeg_whose_functions_are_called(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        names = files.namelist()
        (library,) = (name for name in names if name.startswith("pillow.libs/libjpeg-"))
        (extension,) = (name for name in names if name.startswith("PIL/_imaging.cpython-"))
        assert Path(library).name.encode() in files.read(extension)
        symbols = files.read(library)
    for function in jpeg_planes.FUNCTIONS:
        assert b"\0" + function.encode() + b"\0" in symbols


@ARCHIVE
@pytest.mark.slow
def test_the_zip_holds_every_library_that_one_of_its_own_needs(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        names = {Path(name).name for name in files.namelist()}
        code = b"\0".join(files.read(name) for name in files.namelist() if ".so" in name)
    needed = {match[0].decode() for match in re.finditer(NEEDED, code)}
    assert len(needed) > 10
    assert needed <= names


@ARCHIVE
@pytest.mark.slow
def test_the_zip_holds_the_sdks_models_of_what_functions_call_and_no_others(archive: Path) -> None:
    clients = (CLIENT.findall(file.read_text()) for file in (PROJECT / "handlers").rglob("*.py"))
    with zipfile.ZipFile(archive) as files:
        parts = [name.split("/") for name in files.namelist()]
    models = {tuple(each[2:4]) for each in parts if each[:2] == ["botocore", "data"] and each[4:]}
    assert {service for service, _ in models} == set(chain.from_iterable(clients))
    newest = {
        (service, create_loader().list_api_versions(service, "service-2")[-1])
        for service, _ in models
    }
    assert newest <= models


@ARCHIVE
@pytest.mark.slow
def test_the_zip_holds_byte_code_where_the_runtimes_python_is_at_hand(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        names = files.namelist()
    modules = {name for name in names if name.endswith(".py")}
    compiled = {name for name in names if name.endswith(".cpython-313.pyc")}
    assert len(compiled) == (len(modules) if _runs("python3.13") else 0)


def _runs(python: str) -> bool:
    environment = os.environ | {"PYENV_VERSION": python.removeprefix("python")}
    return subprocess.run([python, "-V"], env=environment, check=False).returncode == 0


def test_byte_code_is_used_in_place_of_the_source(tmp_path: Path) -> None:
    artifact, cache = tmp_path / "code.zip", tmp_path / "cache"
    with zipfile.ZipFile(artifact, "w") as files:
        files.writestr("package/module.py", "ANSWER = 42")
    add(artifact, cache)
    once = artifact.read_bytes()
    add(artifact, cache)
    assert artifact.read_bytes() == once
    with zipfile.ZipFile(artifact) as files:
        files.extractall(tmp_path)
    (tmp_path / "package" / "module.py").write_text("ANSWER = 0")
    command = [sys.executable, "-c", "from package import module; print(module.ANSWER)"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "42\n"


@ARCHIVE
@pytest.mark.slow
def test_packages_are_packed_at_zlibs_usual_level_which_takes_half_the_time(archive: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        (name,) = (each for each in files.namelist() if each.startswith("PIL/_imaging.cpython-"))
        deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        expected = deflate.compress(files.read(name)) + deflate.flush()
        assert files.getinfo(name).compress_size == len(expected)
    assert expected in archive.read_bytes()
