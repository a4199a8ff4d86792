"""OLMo-core: a Trainer over a tiny transformer and random tokens, recorded after each update."""

from importlib.metadata import version
from tempfile import TemporaryDirectory

from tests.exports.case import Case, Update, main, run_text


def drive(case: Case) -> list[Update]:
    """Fit with the exported callback, scheduler and duration."""
    from olmo_core.train import TrainerConfig
    from olmo_core.train.callbacks import Callback

    names, updates = run_text(case.text), []

    class Record(Callback):
        def pre_load_batch(self):
            self.start = self.trainer.global_train_tokens_seen

        def pre_step(self, batch):
            self.size = batch["input_ids"].numel()

        def post_step(self):
            lr = float(self.trainer.train_module.optim.param_groups[0]["lr"])
            tokens = case.sequence_length
            updates.append((self.start // tokens, self.size // tokens, lr))

    with TemporaryDirectory() as folder:
        config = TrainerConfig(
            save_folder=f"{folder}/save",
            work_dir=f"{folder}/work",
            no_checkpoints=True,
            no_evals=True,
            max_duration=names["max_duration"],
            callbacks={"batch_size": names["batch_size_scheduler"], "record": Record()},
        )
        loader = _loader(case, names["global_batch_size"], folder)
        config.build(_train_module(case, names), loader).fit()
    return updates


def _loader(case, global_batch_size, folder):
    from olmo_core.data import TokenizerConfig
    from olmo_core.data.composable import ComposableDataLoaderConfig, RandomInstanceSource

    tokenizer = TokenizerConfig(vocab_size=32, eos_token_id=1, pad_token_id=0)
    source = RandomInstanceSource(
        tokenizer=tokenizer,
        sequence_length=case.sequence_length,
        avg_document_length=case.sequence_length,
        num_instances=case.num_samples,
        seed=0,
        work_dir=folder,
    )
    config = ComposableDataLoaderConfig(
        tokenizer=tokenizer,
        global_batch_size=global_batch_size,
        seed=0,
        work_dir=folder,
        display_source_visualization=False,
    )
    return config.build(source)


def _train_module(case, names):
    import torch
    from olmo_core.nn.transformer import TransformerConfig
    from olmo_core.train.train_module import TransformerTrainModule

    model = TransformerConfig.llama_like(d_model=8, vocab_size=128, n_layers=1, n_heads=1)
    return TransformerTrainModule(
        model=model.build(init_device="cpu"),
        optim=names["optimizer"],
        rank_microbatch_size=case.micro_batch_size * case.sequence_length,
        max_sequence_length=case.sequence_length,
        scheduler=names["scheduler"],
        device=torch.device("cpu"),
    )


if __name__ == "__main__":
    main(drive, lambda: f"ai2-olmo-core {version('ai2-olmo-core')}")
