"""Stage to verify: its deployment and the clients to reach it."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.auth.signing_keys import SigningKeys
from lib.aws.clients import S3Client, SQSClient
from lib.aws.stacks import Stack
from lib.errors import ConfigError
from lib.keys import Originals
from lib.operations.doctor.sizes import read_deployed
from lib.operations.stage_commands import StageCommands
from lib.operations.verify.folders import list_tested
from lib.operations.verify.photos import FORMATS
from lib.operations.verify.polling import Poller
from lib.operations.verify.web import Web
from lib.sizes import Size

if TYPE_CHECKING:
    from lib.auth.viewer_signatures import ViewerSigner


def read_features(stack: Stack) -> frozenset[str]:
    """Returns the features switched on in a stack; ConfigError if its output is missing."""
    try:
        return frozenset(json.loads(stack.outputs["Features"]))
    except KeyError as error:
        raise ConfigError(
            f"{stack.name} was deployed by an earlier version, which does not say what is switched "
            "on: deploy it again"
        ) from error


@dataclass(frozen=True)
class Target:
    """One stage, and the folder of its photos that is made for it and removed again.

    `commands` are those to advise, `features` what is switched on. `has_new_token`: API Gateway may
    not know the token yet. `images_url` has no slash at its end.
    """

    commands: StageCommands
    stack: Stack
    folder: str
    images_url: str
    features: frozenset[str]
    upload_types: list[str]
    s3: S3Client
    sqs: SQSClient
    web: Web
    signing_keys: SigningKeys | None = None
    viewer_signer: "ViewerSigner | None" = None
    has_new_token: bool = False
    poller: Poller = field(default_factory=Poller)

    @property
    def has_cdn(self) -> bool:
        """Whether pictures come from CloudFront, and not from the bucket itself."""
        return "DistributionId" in self.stack.outputs

    @property
    def deployed(self) -> dict[str, Size]:
        """The sizes as they are deployed, by name."""
        return read_deployed(self.stack)

    @property
    def sizes(self) -> dict[str, Size]:
        """Those of them that are made of every photo of the folder."""
        return {size.name: size for size in list_tested(self.deployed.values(), self.folder)}

    @property
    def folders(self) -> list[str]:
        """Folders of the images bucket that these sizes have."""
        return [folder for size in self.sizes.values() for folder in size.folders]

    @property
    def content_type(self) -> str:
        """Content type of the photos; ConfigError if the stage takes none that can be made here."""
        for each in FORMATS:
            if each in self.upload_types:
                return each
        raise ConfigError(
            f"The stage {self.commands.stage} takes uploads of {', '.join(self.upload_types)} "
            f"alone: verify makes photos of {', '.join(FORMATS)}"
        )

    def path(self, name: str) -> str:
        """Path of a photo in the folder."""
        return f"{self.folder}/{name}"

    @property
    def originals(self) -> Originals:
        """Where the stage's originals are."""
        return self.stack.originals

    def bucket(self, name: str) -> str:
        """The bucket of `Images` or `Failures`."""
        return self.stack.outputs[f"{name}BucketName"]

    def logs_of(self, function: str) -> str:
        """The command that shows the log of a function of the stage."""
        log = f"/aws/lambda/{self.stack.name}-{function}"
        return self.commands.aws(f"logs tail {log} --since 15m")
