import {
  adadelta,
  adagrad,
  adam,
  adamW,
  l1l2,
  lion,
  nadam,
  noDecayOnBiasesAndNorms,
  rmsprop,
  sgd,
} from "@tributary/nn";
import { optimizer, type Row } from "../row.ts";

/** Rows of the family "optimizers". */
export const OPTIMIZERS: Readonly<Record<string, Row>> = {
  sgd: optimizer(sgd({ learningRate: 0.1 })),
  "sgd with weight decay": optimizer(sgd({ learningRate: 0.1, weightDecay: 0.05 })),
  "sgd with momentum": optimizer(sgd({ learningRate: 0.1, momentum: 0.9 })),
  "sgd with momentum and dampening": optimizer(
    sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.01 }),
  ),
  "sgd with nesterov": optimizer(sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 })),
  rmsprop: optimizer(rmsprop()),
  "rmsprop with momentum": optimizer(rmsprop({ momentum: 0.9 })),
  "rmsprop centered": optimizer(rmsprop({ centered: true })),
  "rmsprop with all of it": optimizer(
    rmsprop({ learningRate: 0.02, alpha: 0.9, epsilon: 1e-6, weightDecay: 0.05, momentum: 0.5, centered: true }),
  ),
  adagrad: optimizer(adagrad({ learningRate: 0.1 })),
  "adagrad with all of it": optimizer(
    adagrad({ learningRate: 0.1, learningRateDecay: 0.1, weightDecay: 0.05, initialAccumulator: 0.1, epsilon: 1e-8 }),
  ),
  adadelta: optimizer(adadelta()),
  "adadelta with all of it": optimizer(adadelta({ learningRate: 0.5, rho: 0.8, epsilon: 1e-5, weightDecay: 0.05 })),
  adam: optimizer(adam({ learningRate: 0.01 })),
  "adam with all of it": optimizer(adam({ learningRate: 0.02, betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.05 })),
  "adam with amsgrad": optimizer(adam({ learningRate: 0.01, amsgrad: true })),
  adamw: optimizer(adamW({ learningRate: 0.01 })),
  "adamw with all of it": optimizer(adamW({ learningRate: 0.02, betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.1 })),
  nadam: optimizer(nadam({ learningRate: 0.01 })),
  "nadam with all of it": optimizer(
    nadam({ learningRate: 0.02, betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.05, momentumDecay: 0.01 }),
  ),
  lion: optimizer(lion({ learningRate: 0.01 })),
  "lion with all of it": optimizer(lion({ learningRate: 0.02, betas: [0.8, 0.95], weightDecay: 0.1 })),
  "adamw with decay of weights alone": optimizer(
    adamW({ learningRate: 0.02, weightDecay: 0.1, groups: [noDecayOnBiasesAndNorms()] }),
  ),
  "adamw with amsgrad": optimizer(adamW({ learningRate: 0.01, amsgrad: true })),
  "sgd with penalties": optimizer(sgd({ learningRate: 0.1, momentum: 0.9, regulariser: l1l2({ l1: 0.03, l2: 0.02 }) })),
  "sgd with a slower group": optimizer(
    sgd({ learningRate: 0.1, momentum: 0.9, groups: [{ match: (name) => name === "bias", learningRateFactor: 0.1 }] }),
  ),
};

const momentum = { learningRate: 0.1, momentum: 0.9 };

/** Rows of the family "clipping". */
export const CLIPPING: Readonly<Record<string, Row>> = {
  "clipped by norm": optimizer(sgd({ ...momentum, clipNorm: 1 })),
  "norm below the limit": optimizer(sgd({ ...momentum, clipNorm: 100 })),
  "clipped by value": optimizer(sgd({ ...momentum, clipValue: 0.5 })),
};
